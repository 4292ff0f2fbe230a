// What each way to steer did to one concept: the share of texts about it by dose, and by what it costs.
"use strict";
course.view("dose", ({ doses, rates, log_perplexities: costs }, { spec }) => {
  const { axes, DASH, el, fixed, group, INK, key, path, percent, svg } = course;
  const names = Object.keys(rates), concepts = spec.controls[0].values;
  const style = (i) => ({ ink: [INK[0], INK[1], INK[2], INK[3], "currentColor"][i % 5], dash: DASH[i % DASH.length] });

  function curves(x, y, alt, title) {
    const chart = axes({ width: 430, height: 300, x, y, title, alt });
    return (lines) => {
      lines.forEach((points, i) => {
        const places = points.map(([a, b]) => [chart.X(a), chart.Y(b)]), { ink, dash } = style(i);
        chart.add(path(places, { stroke: ink, "stroke-dasharray": dash }),
          ...places.map(([cx, cy]) => svg("circle", { cx, cy, r: 3, fill: ink })));
      });
      return chart.node;
    };
  }

  return ({ concept }, show) => {
    const i = concepts.indexOf(concept);
    const said = names.map((name) => `${name}: at most ${percent(Math.fround(Math.max(...rates[name][i])))}`).join("; ");
    const price = names.map((name) => costs[name][i].map(Math.exp)), all = price.flat();
    const y = { from: -0.02, to: 1.02, label: "share of texts about the concept", ticks: [0, 0.25, 0.5, 0.75, 1].map((v) => [v, String(v)]) };
    const bought = curves({ from: Math.min(...doses) - 0.5, to: Math.max(...doses) + 0.5, label: "dose" }, y, null, "what a dose buys")(
      names.map((name) => doses.map((dose, k) => [dose, rates[name][i][k]])));
    const paid = curves({ from: 0.9 * Math.min(...all), to: 1.1 * Math.max(...all), log: true, label: "perplexity of what was written" }, y, null, "… and what it costs")(
      names.map((name, n) => price[n].map((p, k) => [p, rates[name][i][k]])));
    show(said, el("div", {}, said), key(names.map((name, n) => ({ name, ...style(n) }))),
      group(`Share of texts about ${concept} by dose and by perplexity; ${said}`, bought, paid));
  };
});
