// A toy model, trained in the page: the same start, the same features and the same steps of Adam as in Python.
"use strict";
course.view("toy", (starts) => {
  const { arrow, diverging, drawing, el, fixed, group, INK, Sfc64, svg, text, Torch } = course;
  const STEPS = 800, BATCH = 512, RATE = 0.02, JUDGED = 20000, JUDGES = "12345", REPRESENTED = 0.5;
  const SIDEWAYS = [[0.87, -0.5, 0], [0.22, 0.37, 0.9]];

  class Model {
    constructor({ n_features: n, d_hidden: d, sparsity, importance, seed }) {
      Object.assign(this, { n, d, p: 1 - sparsity, steps: 0 });
      this.importance = Array.from({ length: n }, (_, i) => importance ** i);
      this.random = new Sfc64(starts[seed]);
      const spread = Math.sqrt(2 / (n + d));
      this.W = new Torch(seed).normals(d * n).map((v) => v * spread);
      this.b = new Float64Array(n);
      this.means = [new Float64Array(d * n), new Float64Array(n)];
      this.squares = [new Float64Array(d * n), new Float64Array(n)];
      this.batch = new Float64Array(BATCH * n);
    }

    draw(random, out) {
      random.fill(out);
      for (let i = 0; i < out.length; i++) out[i] = Math.max(0, 1 - out[i] / this.p);
      return out;
    }

    /** Sums over a batch: the gradients if `slopes` holds room for them; returns the loss. */
    pass(x, slopes) {
      const { n, d, W, b } = this, rows = x.length / n;
      const hidden = new Float64Array(d), error = new Float64Array(n), back = new Float64Array(d);
      let loss = 0;
      for (let r = 0; r < rows; r++) {
        const at = r * n;
        for (let k = 0; k < d; k++) {
          let sum = 0;
          for (let i = 0; i < n; i++) sum += W[k * n + i] * x[at + i];
          hidden[k] = sum;
        }
        back.fill(0);
        for (let i = 0; i < n; i++) {
          let out = b[i];
          for (let k = 0; k < d; k++) out += W[k * n + i] * hidden[k];
          const gap = (out > 0 ? out : 0) - x[at + i];
          loss += this.importance[i] * gap * gap;
          error[i] = out > 0 ? (this.importance[i] * gap * 2) / rows : 0;
          if (slopes && error[i]) {
            slopes[1][i] += error[i];
            for (let k = 0; k < d; k++) {
              slopes[0][k * n + i] += hidden[k] * error[i];
              back[k] += W[k * n + i] * error[i];
            }
          }
        }
        if (slopes) for (let k = 0; k < d; k++) for (let i = 0; i < n; i++) slopes[0][k * n + i] += back[k] * x[at + i];
      }
      return loss / rows;
    }

    step() {
      const slopes = [new Float64Array(this.d * this.n), new Float64Array(this.n)];
      this.pass(this.draw(this.random, this.batch), slopes);
      const rate = (RATE * (1 + Math.cos((Math.PI * this.steps) / STEPS))) / 2, t = ++this.steps;
      [this.W, this.b].forEach((values, which) => {
        const mean = this.means[which], square = this.squares[which], slope = slopes[which];
        for (let i = 0; i < values.length; i++) {
          mean[i] += 0.1 * (slope[i] - mean[i]);
          square[i] = 0.999 * square[i] + 0.001 * slope[i] * slope[i];
          values[i] -= ((rate / (1 - 0.9 ** t)) * mean[i]) / (Math.sqrt(square[i] / (1 - 0.999 ** t)) + 1e-8);
        }
      });
    }

    loss() {
      return this.pass(this.draw(new Sfc64(starts[JUDGES]), new Float64Array(JUDGED * this.n)));
    }

    column(i) {
      return Array.from({ length: this.d }, (_, k) => this.W[k * this.n + i]);
    }

    dot(i, j) {
      return this.column(i).reduce((sum, v, k) => sum + v * this.W[k * this.n + j], 0);
    }

    /** The share of a dimension that each feature has, as `feature_dimensionality`; 0 for one that is hardly there. */
    shares() {
      return Array.from({ length: this.n }, (_, i) => {
        const own = this.dot(i, i);
        let shared = 0;
        for (let j = 0; j < this.n; j++) shared += this.dot(i, j) ** 2 / own;
        return Math.sqrt(own) > 0.1 ? own / shared : 0;
      });
    }
  }

  const SIDE = 210, TOP = 24;
  const titled = (node, title) => (node.append(text(SIDE / 2, 15, title, { "text-anchor": "middle", class: "title" })), node);

  function gram(model) {
    const node = drawing(SIDE, SIDE + TOP), cell = SIDE / model.n;
    for (let i = 0; i < model.n; i++)
      for (let j = 0; j < model.n; j++)
        node.append(svg("rect", { x: j * cell, y: TOP + i * cell, width: cell + 0.3, height: cell + 0.3, fill: diverging(model.dot(i, j) / 1.2) }));
    return titled(node, "WᵀW");
  }

  function bars(values, top, title) {
    const node = drawing(SIDE, SIDE + TOP), wide = SIDE / values.length, low = SIDE + TOP - 16;
    values.forEach((v, i) => node.append(
      svg("rect", { x: (i + 0.1) * wide, width: 0.8 * wide, y: low - (v / top) * (low - TOP), height: (v / top) * (low - TOP), fill: INK[i % INK.length] }),
      text((i + 0.5) * wide, SIDE + TOP - 2, i, { "text-anchor": "middle" }),
    ));
    return titled(node, title);
  }

  function arrows(model) {
    const all = Array.from({ length: model.n }, (_, i) => model.column(i));
    const flat = all.map((w) => (model.d === 1 ? [w[0], 0] : model.d === 2 ? w : SIDEWAYS.map((s) => s.reduce((sum, v, k) => sum + v * w[k], 0))));
    const reach = 1.3 * Math.max(0.5, ...flat.map((w) => Math.hypot(...w)));
    const node = drawing(SIDE, SIDE + TOP), X = (v) => SIDE / 2 + (v / reach) * (SIDE / 2), Y = (v) => TOP + SIDE / 2 - (v / reach) * (SIDE / 2);
    flat.forEach(([x, y], i) => {
      const length = Math.hypot(x, y);
      node.append(arrow(X(0), Y(0), X(x), Y(y), INK[i % INK.length], 2.5));
      if (length > 0.15) node.append(text(X(x * (1 + (0.12 * reach) / length)), Y(y * (1 + (0.12 * reach) / length)) + 4, i, { "text-anchor": "middle" }));
    });
    return titled(node, ["directions (a line)", "directions", "directions (a room, seen from the side)"][model.d - 1]);
  }

  function picture(model, alt) {
    const lengths = Array.from({ length: model.n }, (_, i) => Math.sqrt(model.dot(i, i)));
    const middle = model.d <= 3 ? arrows(model) : bars(lengths, 1.4, "lengths of the directions");
    return group(alt, gram(model), middle, bars(model.shares(), 1.05, "share of a dimension"));
  }

  return async (state, show, current, explorer) => {
    const model = new Model(state), seen = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    while (model.steps < STEPS) {
      const until = performance.now() + 30;
      while (model.steps < STEPS && performance.now() < until) model.step();
      if (!current()) return;
      await explorer.pause(`training: step ${model.steps} of ${STEPS} …`);
      if (seen && current()) show("", el("p", {}, `step ${model.steps} of ${STEPS}`), picture(model, "A model while it is trained."));
    }
    if (!current()) return;
    const there = Array.from({ length: model.n }, (_, i) => Math.sqrt(model.dot(i, i))).filter((v) => v > REPRESENTED).length;
    const said = `${there} of ${model.n} features have a direction in ${model.d} dimensions`;
    const loss = `${said}; loss ${fixed(model.loss(), 4)}`;
    show(loss, el("p", {}, loss), picture(model, said));
  };
});
