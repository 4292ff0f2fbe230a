// The small vision network, run in the page: which units fire for a picture, and which ink speaks for an answer.
"use strict";
course.view("vision", async ({ filters, W_units: toUnits, W_out: toNames, side, concepts, n_each: nEach, pixels }) => {
  const { Complaint, diverging, drawing, el, fixed, group, pixels: picture, svg, text } = course;
  const STRIDE = 2, { BLUE, ORANGE } = course;
  const bytes = await course.unpack(pixels), ink = new Uint16Array(bytes.buffer);

  /** A layer as its connections: where from, where to, how strong. */
  function convolution(kernels, width) {
    const size = kernels[0][0].length, out = Math.floor((width - size) / STRIDE) + 1, links = [];
    kernels.forEach((kernel, o) => kernel.forEach((plane, c) => {
      for (let y = 0; y < out; y++)
        for (let x = 0; x < out; x++)
          plane.forEach((row, v) => row.forEach((w, u) =>
            links.push([(c * width + y * STRIDE + v) * width + x * STRIDE + u, (o * out + y) * out + x, w])));
    }));
    return { links, d_in: kernels[0].length * width * width, d_out: kernels.length * out * out, out };
  }

  const dense = (W) => ({ links: W.flatMap((row, i) => row.map((w, j) => [i, j, w])), d_in: W.length, d_out: W[0].length });
  const first = convolution(filters[0], side), second = convolution(filters[1], first.out);
  const layers = [first, second, dense(toUnits), dense(toNames)];

  function forward({ links, d_out: n }, x) {
    const z = new Float64Array(n);
    for (const [i, j, w] of links) z[j] += x[i] * w;
    return z;
  }

  function epsilon({ links, d_in: n }, x, relevance, layer) {
    const z = forward(layer, x).map((v) => v + (v >= 0 ? 1e-6 : -1e-6)), back = new Float64Array(n);
    for (const [i, j, w] of links) back[i] += (x[i] * w * relevance[j]) / z[j];
    return back;
  }

  function alphaBeta(alpha, { links, d_in: n, d_out: m }, x, relevance) {
    const up = new Float64Array(m), down = new Float64Array(m), back = new Float64Array(n);
    for (const [i, j, w] of links) (w > 0 ? up : down)[j] += x[i] * w;
    const weight = up.map((v, j) => (down[j] === 0 ? 1 : v === 0 ? 0 : alpha));
    for (const [i, j, w] of links) {
      const share = w > 0 ? weight[j] / (up[j] || 1) : (1 - weight[j]) / (down[j] || 1);
      back[i] += x[i] * w * share * relevance[j];
    }
    return back;
  }

  const RULES = {
    epsilon: (layer, x, r) => epsilon(layer, x, r, layer),
    "alpha 1": (layer, x, r) => alphaBeta(1, layer, x, r),
    "alpha 2": (layer, x, r) => alphaBeta(2, layer, x, r),
  };

  const only = (values, which) => values.map((v, i) => (i === which ? v : 0));

  function bars(units, marked) {
    const node = drawing(300, 200), wide = 290 / units.length, top = Math.max(...units) || 1;
    node.append(text(150, 14, "how strongly each unit fires", { "text-anchor": "middle", class: "title" }));
    units.forEach((v, i) => node.append(
      svg("rect", { x: 5 + (i + 0.1) * wide, width: 0.8 * wide, y: 180 - (155 * v) / top, height: (155 * v) / top, fill: i === marked ? ORANGE : BLUE }),
      text(5 + (i + 0.5) * wide, 196, i, { "text-anchor": "middle" })));
    return node;
  }

  const titled = (node, title) => el("div", { class: "titled" }, el("div", {}, title), node);

  return ({ concept, number, why, rule }, show) => {
    const start = (concepts.indexOf(concept) * nEach + number - 1) * side * side;
    const shown = Float64Array.from(ink.subarray(start, start + side * side), (v) => v / 65535), inputs = [shown];
    for (const layer of layers.slice(0, -1)) inputs.push(forward(layer, inputs.at(-1)).map((v) => Math.max(0, v)));
    const units = inputs.at(-1), logits = forward(layers.at(-1), units), best = logits.indexOf(Math.max(...logits));
    if (why >= 0 && units[why] === 0) throw new Complaint(`Unit ${why} does not fire for this picture, so there is nothing to explain.`);
    const question = why < 0 ? `why “${concepts[best]}”?` : `why unit ${why}?`;
    let relevance = why < 0 ? only(logits, best) : only(units, why);
    for (let l = why < 0 ? 3 : 2; l >= 0; l--) relevance = RULES[rule](layers[l], inputs[l], relevance);
    const top = Math.max(...relevance.map(Math.abs)) || 1, total = relevance.reduce((sum, v) => sum + v, 0);
    const grey = (v) => `rgb(${[0, 0, 0].map(() => Math.round(255 * (1 - v))).join(",")})`;
    const said = `named “${concepts[best]}”; relevance of all pixels together ${fixed(total, 2)}`;
    show(said,
      group(`A ${concept}, the activation of each unit, and the ink that speaks for and against: ${question}`,
        titled(picture(shown, side, grey), "picture"), bars(units, why),
        titled(picture(relevance, side, (v) => diverging(v / top)), question)),
      el("div", { class: "about" }, said));
  };
});
