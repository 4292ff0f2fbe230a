// Rate cards without knowing what they are of; what was given stays on the page until it is closed.
"use strict";
course.view("rating", async ({ cards, kinds, all_kinds: allKinds }) => {
  const { el, made, words } = course;
  const shown = (await course.unpackJson(cards)).map(made), ratings = new Map();

  function median(sorted) {
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  function verdict() {
    if (!ratings.size) return `None of the ${kinds.length} cards is rated yet.`;
    const parts = allKinds.map((kind) => {
      const given = [...ratings].filter(([place]) => kinds[place] === kind).map(([, r]) => r).sort((a, b) => a - b);
      return given.length ? `${kind}s: median ${median(given)} of 4 over ${given.length} rated` : `${kind}s: none rated`;
    });
    return `${parts.join("; ")}.`;
  }

  return ({ card, rating, tell }, show, _, explorer) => {
    if (explorer.moved.join() === "card") {
      rating = ratings.get(card - 1) ?? null; // a rating never passes to the next card
      explorer.controls.get("rating").set(rating);
    }
    if (rating == null) ratings.delete(card - 1);
    else ratings.set(card - 1, rating);
    if (tell) {
      const rows = [...ratings].sort(([a], [b]) => a - b).map(([place, given]) =>
        el("tr", {}, [`card ${place + 1}`, kinds[place], String(given)].map((said) => el("td", {}, said))));
      return show(verdict(), el("p", {}, verdict()), el("table", {}, el("tbody", {}, rows)));
    }
    const done = `${ratings.size} of ${kinds.length} cards rated`;
    show(`Card ${card}. ${done}`, shown[card - 1], el("div", { class: "about" }, done));
  };
});
