// The linear regions of a random ReLU network: a square cut at every neuron's border, layer by layer.
"use strict";
course.view("polytopes", () => {
  const { axes, cividis, el, svg, thousands, Torch } = course;
  const HALF = 2, SAME_PLACE = 1e-9 * HALF;

  function network(widths, seed) {
    const random = new Torch(seed), sizes = [2, ...widths, 1];
    const weights = sizes.slice(1).map((out, l) => {
      const scale = Math.fround(Math.sqrt(2 / sizes[l])), drawn = random.normals(out * sizes[l]);
      return Array.from({ length: out }, (_, i) => Array.from(drawn.slice(i * sizes[l], (i + 1) * sizes[l]), (v) => Math.fround(v * scale)));
    });
    const biases = sizes.slice(1).map((out) => Array.from(random.normals(out), (v) => 0.5 * v));
    return widths.map((_, l) => [weights[l], biases[l]]);
  }

  function halves(corners, side) {
    if (Math.min(...side) > -SAME_PLACE || Math.max(...side) < SAME_PLACE) return [corners];
    const above = [], below = [];
    corners.forEach((corner, i) => {
      const s = side[i], t = side[(i + 1) % side.length], next = corners[(i + 1) % corners.length];
      for (const [half, sign] of [[above, 1], [below, -1]]) {
        if (sign * s >= 0) half.push(corner);
        if (s * t < 0) half.push(corner.map((v, k) => v + (s / (s - t)) * (next[k] - v)));
      }
    });
    return [above, below];
  }

  function cut(corners, maps) {
    let parts = [corners];
    for (const [a, b, c] of maps) {
      const length = Math.max(Math.hypot(a, b), 1e-300);
      const side = ([x, y]) => (a * x + b * y + c) / length, all = corners.map(side);
      if (Math.min(...all) < -SAME_PLACE && Math.max(...all) > SAME_PLACE)
        parts = parts.flatMap((part) => halves(part, part.map(side)));
    }
    return parts;
  }

  function regions(layers) {
    let cells = [{ corners: [[-HALF, -HALF], [HALF, -HALF], [HALF, HALF], [-HALF, HALF]], map: [[1, 0, 0], [0, 1, 0]], on: 0 }];
    for (const [W, b] of layers)
      cells = cells.flatMap(({ corners, map, on }) => {
        const maps = W.map((row, i) => [0, 1, 2].map((k) => row.reduce((sum, w, j) => sum + w * map[j][k], k === 2 ? b[i] : 0)));
        return cut(corners, maps).map((part) => {
          const centre = [0, 1].map((k) => part.reduce((sum, p) => sum + p[k], 0) / part.length);
          const open = maps.map(([a, d, c]) => a * centre[0] + d * centre[1] + c > 0);
          return { corners: part, map: maps.map((m, i) => (open[i] ? m : [0, 0, 0])), on: on + open.filter(Boolean).length };
        });
      });
    return cells;
  }

  function most(widths) {
    let product = 1, dimensions = 2;
    for (const width of widths) {
      product *= 1 + width + (dimensions > 1 ? (width * (width - 1)) / 2 : 0);
      dimensions = Math.min(dimensions, width);
    }
    return product;
  }

  return async ({ width, depth, seed }, show, current, explorer) => {
    if (width * depth > 20) await explorer.pause();
    const widths = new Array(depth).fill(width), found = regions(network(widths, seed));
    const said = `${width * depth} neurons cut this window into ${found.length} regions; no such network has more than ${thousands(most(widths))}.`;
    const chart = axes({
      width: 420, height: 400, alt: `A plane cut into polygons. ${said}`, title: `${found.length} regions`,
      x: { from: -HALF, to: HALF, label: "input 1" }, y: { from: -HALF, to: HALF, label: "input 2" },
    });
    const few = Math.min(...found.map((r) => r.on)), many = Math.max(...found.map((r) => r.on));
    for (const { corners, on } of found)
      chart.add(svg("path", {
        d: `M${corners.map(([x, y]) => `${chart.X(x).toFixed(2)} ${chart.Y(y).toFixed(2)}`).join("L")}Z`,
        fill: cividis(many > few ? (on - few) / (many - few) : 0.5), stroke: "#fff", "stroke-width": 0.6,
      }, svg("title", {}, `${on} neurons on`)));
    const scale = el("div", { class: "key" }, `neurons on: ${few} `, course.scale(), ` ${many}`);
    show(said, scale, chart.node, el("div", {}, said));
  };
});
