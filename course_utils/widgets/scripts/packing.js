// n directions in d dimensions, at random or pushed apart by 300 steps of descent, as `optimise_packing` in Python.
"use strict";
course.view("packing", () => {
  const { axes, el, fixed, key, line, svg, Torch } = course;
  const STEPS = 300, LAST = 64;

  function unitRows(x, n, d) {
    for (let i = 0; i < n; i++) {
      let length = 0;
      for (let k = 0; k < d; k++) length += x[i * d + k] ** 2;
      length = Math.max(Math.sqrt(length), 1e-12);
      for (let k = 0; k < d; k++) x[i * d + k] /= length;
    }
    return x;
  }

  function cosines(unit, n, d) {
    const c = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < i; j++) {
        let dot = 0;
        for (let k = 0; k < d; k++) dot += unit[i * d + k] * unit[j * d + k];
        c[i * n + j] = c[j * n + i] = dot;
      }
    return c;
  }

  const worstOf = (c) => c.reduce((worst, v) => Math.max(worst, Math.abs(v)), 0);

  function optimised(start, n, d) {
    let unit = start, best = unit, least = worstOf(cosines(unit, n, d));
    for (let step = 0; step < STEPS; step++) {
      const share = step / STEPS, c = cosines(unit, n, d), worst = worstOf(c);
      if (worst < 1e-6) return unit;
      if (worst < least) [best, least] = [unit, worst];
      const power = 2 * (LAST / 2) ** share - 1, gradient = new Float64Array(n * d);
      let longest = 0;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          if (i === j) continue;
          const pull = Math.sign(c[i * n + j]) * (Math.abs(c[i * n + j]) / worst) ** power;
          for (let k = 0; k < d; k++) gradient[i * d + k] += pull * unit[j * d + k];
        }
        let along = 0, length = 0;
        for (let k = 0; k < d; k++) along += gradient[i * d + k] * unit[i * d + k];
        for (let k = 0; k < d; k++) length += (gradient[i * d + k] -= along * unit[i * d + k]) ** 2;
        longest = Math.max(longest, Math.sqrt(length));
      }
      const far = (0.3 * (1 - share) ** 2) / Math.max(longest, 1e-12);
      unit = unitRows(unit.map((v, i) => v - far * gradient[i]), n, d);
    }
    return best;
  }

  return ({ n, d, how, seed }, show) => {
    const start = unitRows(new Torch(seed).normals(n * d), n, d);
    const unit = how === "random" ? start : optimised(start, n, d);
    const c = cosines(unit, n, d), worst = worstOf(c), bound = n <= d ? 0 : Math.sqrt((n - d) / (d * (n - 1)));
    const said = `${n} ${how} directions in ${d} dimensions: the worst |cosine| is ${fixed(worst, 2)}, the Welch bound ${fixed(bound, 2)}.`;
    const bars = new Array(50).fill(0);
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) bars[Math.min(49, Math.floor(Math.abs(c[i * n + j]) * 50))]++;
    const chart = axes({
      width: 500, height: 270, alt: `Histogram of |cosines|. ${said}`, title: `${n} directions in ${d} dimensions`,
      x: { from: 0, to: 1, label: "|cosine| of a pair" }, y: { from: 0, to: Math.max(...bars) * 1.05, label: "pairs" },
    });
    const ink = course.ORANGE;
    bars.forEach((many, i) => chart.add(svg("rect", {
      x: chart.X(i / 50), width: chart.X(0.02) - chart.X(0), y: chart.Y(many), height: chart.base - chart.Y(many), fill: ink, opacity: 0.7,
    })));
    const upright = (x, dash, stroke, width) => chart.add(line(chart.X(x), chart.base, chart.X(x), 26, { "stroke-dasharray": dash, stroke, "stroke-width": width }));
    upright(worst, "", ink, 2);
    upright(bound, "2 3", "currentColor", 2);
    show(said, key([
      { name: `${how}, its worst pair: ${fixed(worst, 2)}`, ink },
      { name: `Welch bound: ${fixed(bound, 2)}`, ink: "currentColor", dash: "2 3" },
    ]), chart.node, el("div", {}, said));
  };
});
