// One cell of the recording: a row for each person, a box for each presentation, a bar for the mean.
"use strict";
course.view("cell", ({ names, person, kinds, spikes, area, index, luck }) => {
  const { el, fixed } = course;
  const mean = (counts) => counts.reduce((sum, c) => sum + c, 0) / counts.length;

  return ({ cell, scores, truth }, show) => {
    const rows = spikes[cell], most = Math.max(1, ...rows.flat()), top = Math.max(1e-9, ...rows.map(mean));
    const about = [];
    if (scores) {
      const verdict = area[cell] > luck ? "beyond luck" : "within luck's reach";
      about.push(`selectivity ${fixed(index[cell], 2)} · ROC area for ${person} ${fixed(area[cell], 2)} (${verdict}, ${fixed(luck, 2)})`);
    }
    if (truth) about.push(el("b", {}, kinds[cell]));
    const table = el("table", { class: "cell-table" }, el("tbody", {}, rows.map((counts, i) => el("tr", {},
      el("td", { class: "name" }, names[i]),
      el("td", {}, counts.map((c) => el("span", { class: "box", style: `background:rgba(var(--orange-rgb),${fixed(c / most, 2)})` }, String(c)))),
      el("td", {}, el("span", { class: "bar", style: `--share:${mean(counts) / top}` }), fixed(mean(counts), 1)),
    ))));
    const head = el("div", {}, el("b", {}, `Cell ${cell}`), el("span", { class: "about" }, about.flatMap((part, i) => (i ? [" · ", part] : [part]))));
    show(course.words(head), el("div", { class: "card" }, head, table));
  };
});
