// What lies near a latent of the smallest dictionary in a larger one, and what that tells.
"use strict";
course.view("family", (children) => {
  const { el, fixed } = course;
  const MOST = 12, HEADS = ["latent", "its own label guess", "held-out ROC area", "cosine"];
  return ({ parent, size, at_least: least }, show) => {
    const near = children[size].filter(([of, , cosine]) => of === parent && cosine >= least);
    const said = `${near.length} of ${size} latents lie nearest to this one, with a cosine of at least ${fixed(least, 2)}`;
    const rows = near.slice(0, MOST).map(([, child, cosine, guess, area]) => [child, guess, area, fixed(cosine, 2)]);
    const row = (kind, cells) => el("tr", {}, cells.map((cell) => el(kind, { class: "left" }, String(cell))));
    show(said, el("div", {}, said), rows.length
      ? el("table", {}, el("thead", {}, row("th", HEADS)), el("tbody", {}, rows.map((cells) => row("td", cells))))
      : null);
  };
});
