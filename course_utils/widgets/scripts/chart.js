// Pictures for the explorers, as SVG: axes with ticks, lines, bars, maps. Texts take the page's own ink.
"use strict";
Object.assign(course, (() => {
  const { el, svg, fixed } = course;
  const BLUE = "var(--course-blue)", ORANGE = "var(--course-orange)", VERMILLION = "var(--course-vermillion)";
  const SKY = "var(--course-sky)", YELLOW = "var(--course-yellow)"; // of base/colours.py, with the style sheet
  const INK = [BLUE, VERMILLION, "var(--course-green)", "var(--course-purple)", SKY, ORANGE];
  const DASH = ["", "6 3", "2 2", "8 3 2 3", "1 3", "10 4"];

  const text = (x, y, said, attributes = {}) => svg("text", { x, y, ...attributes }, said);
  const line = (x1, y1, x2, y2, attributes = {}) => svg("line", { x1, y1, x2, y2, stroke: "currentColor", ...attributes });

  /** A drawing of this size, which says what it shows; without words it is a part of what `group` says. */
  function drawing(width, height, alt) {
    const said = alt ? { role: "img", "aria-label": alt } : { "aria-hidden": "true" };
    const node = svg("svg", { viewBox: `0 0 ${width} ${height}`, ...said });
    node.style.maxWidth = `${width}px`;
    node.style.setProperty("--least", `${0.75 * width}px`); // labels of 12 pixels come out at 9
    node.style.flexBasis = `${0.75 * width}px`; // in a row: on a phone one below the other
    return node;
  }

  /** Drawings side by side that say one thing together. */
  const group = (alt, ...drawings) => el("div", { class: "row", role: "img", "aria-label": alt }, drawings);

  function even(low, high, about = 5) {
    const raw = (high - low) / about, ten = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((m) => m * ten).find((s) => s >= raw * 0.999);
    const ticks = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) ticks.push(Number((i * step).toPrecision(12)));
    return ticks;
  }

  function powers(low, high) {
    const ticks = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
      for (const m of high / low > 300 ? [1] : [1, 2, 5]) {
        const at = m * 10 ** e;
        if (at >= low * 0.999 && at <= high * 1.001) ticks.push(Number(at.toPrecision(12)));
      }
    return ticks;
  }

  /** Axes: `x` and `y` are {from, to, label, log, ticks: [[at, name]]}; the result turns values into places. */
  function axes({ width = 460, height = 300, x, y, title = "", alt, left = 52, bottom = 44, top = 26, right = 12 }) {
    const node = drawing(width, height, alt);
    const place = (axis, a, b) => {
      const f = axis.log ? Math.log : (v) => v;
      return (v) => a + ((f(v) - f(axis.from)) / (f(axis.to) - f(axis.from))) * (b - a);
    };
    const X = place(x, left, width - right), Y = place(y, height - bottom, top);
    const ticksOf = (axis) => axis.ticks || (axis.log ? powers : even)(axis.from, axis.to).map((at) => [at, String(at)]);
    const frame = svg("g", { class: "axes" });
    for (const [at, name] of ticksOf(x))
      frame.append(line(X(at), height - bottom, X(at), height - bottom + 4), text(X(at), height - bottom + 17, name, { "text-anchor": "middle" }));
    for (const [at, name] of ticksOf(y))
      frame.append(line(left - 4, Y(at), left, Y(at)), text(left - 7, Y(at) + 4, name, { "text-anchor": "end" }));
    frame.append(svg("path", { d: `M${left} ${top}V${height - bottom}H${width - right}`, fill: "none", stroke: "currentColor" }));
    frame.append(text((left + width - right) / 2, height - 8, x.label || "", { "text-anchor": "middle" }));
    frame.append(text(0, 0, y.label || "", { "text-anchor": "middle", transform: `translate(13 ${(top + height - bottom) / 2}) rotate(-90)` }));
    if (title) frame.append(text((left + width - right) / 2, 15, title, { "text-anchor": "middle", class: "title" }));
    const inside = svg("g");
    node.append(inside, frame);
    return { node, inside, X, Y, base: height - bottom, add: (...parts) => inside.append(...parts) };
  }

  const path = (points, attributes = {}) => svg("path", {
    d: points.map(([a, b], i) => `${i ? "L" : "M"}${a.toFixed(1)} ${b.toFixed(1)}`).join(""),
    fill: "none", stroke: "currentColor", "stroke-width": 2, ...attributes,
  });

  /** Lines with their names above: [{name, points: [[x, y]], ink, dash}]. */
  function key(names) {
    return el("div", { class: "key" }, names.map(({ name, ink, dash = "", fill }) =>
      el("span", {}, svg("svg", { viewBox: "0 0 28 12", width: 28, height: 12, "aria-hidden": "true" },
        fill ? svg("rect", { x: 4, y: 1, width: 18, height: 10, fill, stroke: "currentColor" })
          : line(0, 6, 28, 6, { stroke: ink, "stroke-width": 2.5, "stroke-dasharray": dash })), ` ${name}`)));
  }

  /** An arrow from one place to another. */
  function arrow(x1, y1, x2, y2, ink, width = 2) {
    const length = Math.hypot(x2 - x1, y2 - y1) || 1, size = Math.min(9, length);
    const ux = (x2 - x1) / length, uy = (y2 - y1) / length, bx = x2 - ux * size, by = y2 - uy * size;
    return svg("g", {}, line(x1, y1, bx, by, { stroke: ink, "stroke-width": width }),
      svg("path", { d: `M${x2} ${y2}L${bx - uy * size * 0.45} ${by + ux * size * 0.45}L${bx + uy * size * 0.45} ${by - ux * size * 0.45}Z`, fill: ink }));
  }

  /** Orange above 0, purple below, white at 0, as in the notebooks. */
  function diverging(share) {
    const s = Math.max(-1, Math.min(1, share)), [r, g, b] = s > 0 ? [179, 88, 6] : [84, 39, 136], t = Math.abs(s);
    const mix = (c) => Math.round(255 + (c - 255) * t);
    return `rgb(${mix(r)},${mix(g)},${mix(b)})`;
  }

  const CIVIDIS = [[0, 34, 78], [53, 69, 108], [102, 105, 112], [148, 142, 119], [200, 184, 102], [254, 232, 56]];
  function cividis(share) {
    const at = Math.max(0, Math.min(1, share)) * (CIVIDIS.length - 1), i = Math.min(CIVIDIS.length - 2, Math.floor(at));
    return `rgb(${CIVIDIS[i].map((c, k) => Math.round(c + (at - i) * (CIVIDIS[i + 1][k] - c))).join(",")})`;
  }

  /** How `cividis` goes from its lowest to its highest value. */
  const scale = () => el("span", {
    class: "scale", style: `background:linear-gradient(90deg,${[0, 0.4, 1].map(cividis).join(",")})`, "aria-hidden": "true",
  });

  /** A picture of pixels, row by row, with a colour for each value. */
  function pixels(values, columns, colour, alt, size = 8) {
    const rows = values.length / columns;
    const node = drawing(columns * size, rows * size, alt);
    values.forEach((v, i) => {
      node.append(svg("rect", { x: (i % columns) * size, y: Math.floor(i / columns) * size, width: size + 0.3, height: size + 0.3, fill: colour(v) }));
    });
    return node;
  }

  return { BLUE, ORANGE, INK, DASH, SKY, YELLOW, VERMILLION, scale, text, line, drawing, group, axes, path, key, arrow, diverging, cividis, pixels };
})());
