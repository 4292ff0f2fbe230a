// A walk through the phase diagram: the cell that is chosen, and the solution that was trained there.
"use strict";
course.view("phases", ({ importance, probability, phase, boundary, W, loss, names }) => {
  const { arrow, axes, drawing, el, fixed, group, INK, key, line, path, SKY, svg, text, VERMILLION, YELLOW } = course;
  const FILL = ["#fff", SKY, YELLOW, VERMILLION];
  const edges = (v) => v.map((_, i) => (i ? Math.sqrt(v[i - 1] * v[i]) : v[0] ** 1.5 / v[1] ** 0.5)).concat(v.at(-1) ** 1.5 / v.at(-2) ** 0.5);
  const xs = edges(importance), ys = edges(probability);

  function map(row, column, choose) {
    const chart = axes({
      width: 470, height: 380, title: "two features, one dimension: which get a direction?",
      x: { from: xs[0], to: xs.at(-1), log: true, label: "importance of the second feature" },
      y: { from: ys[0], to: ys.at(-1), log: true, label: "probability of a feature" },
    });
    phase.forEach((cells, r) => cells.forEach((which, c) => chart.add(svg("rect", {
      x: chart.X(xs[c]), width: chart.X(xs[c + 1]) - chart.X(xs[c]), y: chart.Y(ys[r + 1]), height: chart.Y(ys[r]) - chart.Y(ys[r + 1]),
      fill: FILL[which], stroke: "#fff", "stroke-width": 0.4, class: "cell", onclick: () => choose(r, c),
    }))));
    const curve = importance.map((v, i) => [v, boundary[i]]).filter(([, b]) => b >= ys[0] && b <= ys.at(-1));
    chart.add(path(curve.map(([a, b]) => [chart.X(a), chart.Y(b)]), { stroke: "#000" }));
    chart.add(svg("circle", { cx: chart.X(importance[column]), cy: chart.Y(probability[row]), r: 8, fill: "none", stroke: "#000", "stroke-width": 2.5 }));
    return chart.node;
  }

  function solution(weights, losses, title) {
    const node = drawing(300, 260), X = (v) => 150 + (v / 1.6) * 100;
    node.append(text(150, 15, title, { "text-anchor": "middle", class: "title" }), line(150, 30, 150, 130, { class: "faint" }));
    weights.forEach((w, i) => node.append(text(4, 60 + 45 * i, ["first", "second"][i]), arrow(150, 55 + 45 * i, X(w), 55 + 45 * i, INK[i], 3)));
    for (const v of [-1, 0, 1]) node.append(text(X(v), 150, v, { "text-anchor": "middle" }));
    Object.entries(losses).forEach(([name, value], i) => node.append(text(60, 185 + 20 * i, `${name}: ${fixed(value, 4)}`)));
    return node;
  }

  return ({ importance_of_second: column, probability_of_feature: row }, show, _, explorer) => {
    const p = probability[row], r = importance[column], cell = row * importance.length + column, name = names[phase[row][column]];
    const said = `Importance ${fixed(r, 2)}, probability ${fixed(p, 3)}; a direction for: ${name}.`;
    const losses = { trained: loss[cell], dedicated: Math.min(1, r) * (p / 3 - p ** 2 / 4), antipodal: (p ** 2 * (1 + r)) / 6 };
    const choose = (to, across) => explorer.set({ importance_of_second: across, probability_of_feature: to });
    const occurring = names.map((each, i) => ({ name: each, fill: FILL[i] })).filter((_, i) => phase.flat().includes(i));
    show(said, key([...occurring, { name: "closed form", ink: "currentColor" }]),
      group(said, map(row, column, choose), solution(W[cell], losses, `a direction for: ${name}`)));
  };
});
