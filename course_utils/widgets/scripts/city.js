// Places of a city as arrows, from above and as somebody sees them who walks around it.
"use strict";
course.view("city", ({ places, names }) => {
  const { arrow, drawing, fixed, group, INK, line, path, text } = course;
  const SIDE = 330, size = Math.max(...places.map((p) => Math.hypot(...p)));
  const at = (v) => SIDE / 2 + (v / (1.25 * size)) * (SIDE / 2);
  const radians = (degrees) => (degrees * Math.PI) / 180;

  function seenFrom(points, turn, tilt) {
    const a = radians(turn), b = radians(tilt);
    const right = [Math.cos(a), Math.sin(a), 0];
    const up = [-Math.sin(a) * Math.sin(b), Math.cos(a) * Math.sin(b), Math.cos(b)];
    return points.map((p) => [right, up].map((axis) => p[0] * axis[0] + p[1] * axis[1] + p[2] * axis[2]));
  }

  function cosine(p, q) {
    const dot = p.reduce((sum, v, i) => sum + v * q[i], 0);
    return dot / (Math.max(Math.hypot(...p), 1e-12) * Math.max(Math.hypot(...q), 1e-12));
  }

  const degrees = (c) => (Math.acos(Math.max(-1, Math.min(1, c))) * 180) / Math.PI;

  function closest(points) {
    let best = [0, 0, -Infinity];
    points.forEach((p, i) => points.forEach((q, j) => {
      const c = i === j ? -1 : cosine(p, q);
      if (c > best[2]) best = [i, j, c];
    }));
    return best;
  }

  function labelSide(seen, i) {
    let near = 0, most = -2;
    seen.forEach((p, j) => {
      if (j !== i && cosine(p, seen[i]) > most) [near, most] = [j, cosine(p, seen[i])];
    });
    const unit = (p) => p.map((v) => v / Math.max(Math.hypot(...p), 1e-12));
    const n = unit(seen[near]), h = unit(seen[i]), side = n[0] * h[1] - n[1] * h[0] > 0 ? 1 : -1;
    return [0.6 * h[0] - side * h[1], 0.6 * h[1] + side * h[0]];
  }

  function view(turn, tilt) {
    const node = drawing(SIDE, SIDE + 22);
    const spot = ([x, y]) => [at(x), SIDE + 22 - at(y)];
    for (let k = 0; k < 7; k++) {
      const v = -size + (k * size) / 3;
      for (const street of [[[v, -size, 0], [v, size, 0]], [[-size, v, 0], [size, v, 0]]])
        node.append(path(seenFrom(street, turn, tilt).map(spot), { "stroke-width": 1, class: "faint" }));
    }
    const seen = seenFrom(places, turn, tilt);
    const feet = seenFrom(places.map(([x, y]) => [x, y, 0]), turn, tilt);
    seen.forEach((tip, i) => {
      const ink = INK[i % INK.length], side = labelSide(seen, i);
      const label = [tip[0] + 0.1 * size * side[0], tip[1] + 0.1 * size * side[1]];
      node.append(
        path([spot(feet[i]), spot(tip)], { "stroke-width": 1, "stroke-dasharray": "2 3", stroke: ink }),
        arrow(...spot([0, 0]), ...spot(tip), ink),
        text(spot(label)[0], spot(label)[1] + 4, names[i], { "text-anchor": label[0] > tip[0] ? "start" : "end", class: "name" }),
      );
    });
    const title = tilt === 90 ? "from above" : `turned ${turn}°, from ${tilt}° above the ground`;
    node.append(text(SIDE / 2, 15, title, { "text-anchor": "middle", class: "title" }));
    return node;
  }

  function dragged(node, explorer, { turn, tilt }) {
    node.classList.add("drag");
    node.addEventListener("pointerdown", (down) => {
      const move = (e) => explorer.set({
        turn: 5 * Math.round(Math.max(-180, Math.min(180, turn - (e.clientX - down.clientX) / 2)) / 5),
        tilt: 5 * Math.round(Math.max(0, Math.min(90, tilt + (e.clientY - down.clientY) / 2)) / 5),
      });
      addEventListener("pointermove", move);
      addEventListener("pointerup", () => removeEventListener("pointermove", move), { once: true });
      addEventListener("pointercancel", () => removeEventListener("pointermove", move), { once: true });
    });
    return node;
  }

  return (state, show, _, explorer) => {
    const [i, j, c] = closest(seenFrom(places, state.turn, state.tilt));
    const seen = fixed(degrees(c), 0), real = fixed(degrees(cosine(places[i], places[j])), 0);
    const said = `From here ${names[i]} and ${names[j]} lie ${seen}° apart; in space they are ${real}° apart.`;
    const alt = `The city as arrows, from above and from the side. ${said}`;
    const turned = dragged(view(state.turn, state.tilt), explorer, state);
    show(said, group(alt, view(0, 90), turned), course.el("div", {}, said));
  };
});
