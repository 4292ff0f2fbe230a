// A hundred fresh mixtures, solved in the page by the least sum of absolute values, as `success_rates` in Python.
"use strict";
course.view("recovery", ({ deltas, rhos, success, theory }) => {
  const { axes, cividis, Complaint, el, fixed, key, path, svg, Torch } = course;
  const TRIALS = 100, STEPS = 400, SHRINK = 0.1, SETTLED = 1e-8;

  /** The highest k / m at which nearly all comes back, by theory (Donoho, Maleki and Montanari 2009). */
  function edge(delta) {
    const density = (z) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI), step = 8 / 4000;
    let beyond = 6.22e-16, best = -Infinity;
    for (let i = 4000; i >= 0; i--) {
      const z = i * step;
      if (i < 4000) beyond += (step / 6) * (density(z) + 4 * density(z + step / 2) + density(z + step));
      const miss = (1 + z * z) * beyond - z * density(z);
      best = Math.max(best, (1 - miss / delta) / (1 + z * z - miss));
    }
    return best;
  }

  /** (codes' codes)^-1 codes', the pseudo-inverse of n rows with m independent columns. */
  function pseudoInverse(codes, n, m) {
    const rows = Array.from({ length: m }, (_, a) => {
      const row = new Float64Array(m + n);
      for (let b = 0; b < m; b++) for (let i = 0; i < n; i++) row[b] += codes[i * m + a] * codes[i * m + b];
      for (let i = 0; i < n; i++) row[m + i] = codes[i * m + a];
      return row;
    });
    for (let a = 0; a < m; a++) {
      let pivot = a;
      for (let r = a + 1; r < m; r++) if (Math.abs(rows[r][a]) > Math.abs(rows[pivot][a])) pivot = r;
      [rows[a], rows[pivot]] = [rows[pivot], rows[a]];
      const by = 1 / rows[a][a];
      for (let c = a; c < m + n; c++) rows[a][c] *= by;
      for (let r = 0; r < m; r++) {
        const factor = rows[r][a];
        if (r === a || !factor) continue;
        for (let c = a; c < m + n; c++) rows[r][c] -= factor * rows[a][c];
      }
    }
    return rows.map((row) => row.slice(m));
  }

  function mixtures(n, m, k) {
    const random = new Torch(1), codes = random.normals(n * m).map((v) => Math.fround(v / Math.sqrt(m)));
    const orders = Array.from({ length: TRIALS }, () => Float64Array.from({ length: n }, () => random.double()));
    const unknowns = orders.map((draws) => {
      const order = Array.from(draws.keys()).sort((a, b) => draws[a] - draws[b]);
      return order.map((place) => (place < k ? Math.fround(0.5 + random.double()) : (random.double(), 0)));
    });
    return { codes, unknowns };
  }

  function solver(codes, n, m) {
    const back = pseudoInverse(codes, n, m), onto = Array.from({ length: n }, () => new Float64Array(n));
    for (let i = 0; i < n; i++)
      for (let a = 0; a < m; a++) {
        const w = codes[i * m + a], row = back[a];
        for (let j = 0; j < n; j++) onto[i][j] += w * row[j];
      }
    return (truth) => {
      const start = new Float64Array(n);
      truth.forEach((v, i) => { if (v) for (let j = 0; j < n; j++) start[j] += v * onto[i][j]; });
      const z = start.slice(), f = new Float64Array(n), flipped = new Float64Array(n), gone = new Float64Array(n);
      for (let step = 0; step < STEPS; step++) {
        for (let i = 0; i < n; i++) {
          f[i] = Math.max(0, z[i] - SHRINK);
          flipped[i] = 2 * f[i] - z[i];
        }
        gone.fill(0);
        for (let i = 0; i < n; i++) {
          const v = flipped[i], row = onto[i];
          for (let j = 0; j < n; j++) gone[j] += v * row[j];
        }
        let moved = 0;
        for (let i = 0; i < n; i++) {
          const to = f[i] + start[i] - gone[i];
          moved = Math.max(moved, Math.abs(to - z[i]));
          z[i] = to;
        }
        if (moved < SETTLED) break;
      }
      let wrong = 0, all = 0;
      truth.forEach((v, i) => { wrong += (f[i] - v) ** 2; all += v * v; });
      return Math.sqrt(wrong / all) < 0.01;
    };
  }

  const between = (values) => [1.5 * values[0] - 0.5 * values[1], ...values.slice(1).map((v, i) => (v + values[i]) / 2), 1.5 * values.at(-1) - 0.5 * values.at(-2)];

  function map(here, alt) {
    const chart = axes({
      width: 440, height: 330, alt, title: "Few enough, and all comes back",
      x: { from: deltas[0], to: deltas.at(-1), label: "δ = channels / stations" },
      y: { from: rhos[0], to: rhos.at(-1), label: "ρ = stations at once / channels" },
    });
    const clip = (v, axis) => Math.max(axis[0], Math.min(axis.at(-1), v)), xs = between(deltas), ys = between(rhos);
    success.forEach((column, i) => column.forEach((share, j) => {
      const [x1, x2] = [xs[i], xs[i + 1]].map((v) => chart.X(clip(v, deltas))), [y1, y2] = [ys[j + 1], ys[j]].map((v) => chart.Y(clip(v, rhos)));
      chart.add(svg("rect", { x: x1, width: x2 - x1 + 0.3, y: y1, height: y2 - y1 + 0.3, fill: cividis(share) }));
    }));
    chart.add(path(deltas.map((v, i) => [chart.X(v), chart.Y(clip(theory[i], rhos))]), { stroke: "#fff", "stroke-width": 2.5 }));
    const [x, y] = [chart.X(clip(here[0], deltas)), chart.Y(clip(here[1], rhos))];
    const star = Array.from({ length: 10 }, (_, i) => {
      const r = i % 2 ? 4 : 10, a = (i * Math.PI) / 5;
      return `${x + r * Math.sin(a)} ${y - r * Math.cos(a)}`;
    });
    chart.add(svg("path", { d: `M${star.join("L")}Z`, fill: "#fff", stroke: "#000" }));
    return chart.node;
  }

  return async ({ stations: n, channels: m, speaking: k }, show, current, explorer) => {
    if (m > n) throw new Complaint(`${m} channels for ${n} stations: there is nothing to puzzle out`);
    if (k > m) throw new Complaint(`${k} stations on ${m} channels: not even knowing which would help`);
    await explorer.pause();
    const { codes, unknowns } = mixtures(n, m, k), comesBack = solver(codes, n, m);
    let right = 0, rest = performance.now() + 50;
    for (let t = 0; t < TRIALS; t++) {
      if (comesBack(unknowns[t])) right++;
      if (performance.now() < rest) continue;
      if (!current()) return;
      await explorer.pause(`${t + 1} of ${TRIALS} mixtures …`);
      rest = performance.now() + 50;
    }
    const said = `${k} of ${n} stations on ${m} channels: δ = ${fixed(m / n, 2)}, ρ = ${fixed(k / m, 2)}. ` +
      `${right} of 100 fresh mixtures come back exactly; for large systems the edge is at ρ = ${fixed(edge(m / n), 2)}.`;
    const scale = el("div", { class: "key" }, "share recovered exactly: 0 ", course.scale(), " 1 · line: Donoho–Tanner · star: here");
    show(said, el("div", {}, said), scale, map([m / n, k / m], `Map of exact recovery. ${said}`));
  };
});
