// How much of an answer each patch brings back: 0 is white, 1 all of it (purple), orange is the wrong way.
"use strict";
course.view("patching", (maps) => {
  const { diverging, drawing, el, fixed, svg, text } = course;
  const WIDE = 34, HIGH = 26, LEFT = 62, LOW = 78;

  function map({ brought_back: values, rows, columns }, alt) {
    const width = LEFT + columns.length * WIDE + 40, height = rows.length * HIGH + LOW;
    const top = Math.max(1, ...values.flat().map(Math.abs)), node = drawing(width, height, alt);
    values.forEach((row, r) => {
      const y = (rows.length - 1 - r) * HIGH;
      node.append(text(LEFT - 6, y + HIGH / 2 + 4, rows[r], { "text-anchor": "end" }));
      row.forEach((v, c) => {
        node.append(svg("rect", { x: LEFT + c * WIDE, y, width: WIDE, height: HIGH, fill: diverging(-v / top), stroke: "rgba(128,128,128,.35)" },
          svg("title", {}, `${rows[r]}, ${columns[c]}: ${fixed(v, 2)}`)));
        if (Math.abs(v) >= 0.1) {
          const said = text(LEFT + (c + 0.5) * WIDE, y + HIGH / 2 + 4, fixed(v, 1), { "text-anchor": "middle" });
          said.style.fill = Math.abs(v) > 0.6 * top ? "#fff" : "#000";
          node.append(said);
        }
      });
    });
    columns.forEach((name, c) => node.append(text(0, 0, name, {
      "text-anchor": "end", transform: `translate(${LEFT + (c + 0.6) * WIDE} ${rows.length * HIGH + 12}) rotate(-55)`,
    })));
    node.style.minWidth = `${Math.min(width, 520)}px`;
    return node;
  }

  return ({ sentence, part }, show) => {
    const found = maps[part][sentence], alt = `Share of the answer that patching the ${part} brings back, by layer`;
    show(`${part}: ${found.lines.join(" ")}`, found.lines.map((line) => el("div", {}, line)),
      el("div", { class: "about" }, found.note), map(found, alt));
  };
});
