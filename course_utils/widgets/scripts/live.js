// The course's explorers on a page without a kernel: controls, what they show, and where scripts find their data.
//
// A box holds what the page shows without scripts (.still) and, as JSON, the title, the controls and the data.
//
// A script registers its view by name:
//
//   course.view("squares", (data) => (state, show) => show(`${state.n} squared is ${state.n ** 2}.`, picture))
//
// Texts from data become text nodes, never HTML; only "frames" and cards, made and escaped in Python, are HTML.
"use strict";
const course = (() => {
  const views = {};
  const SVG = "http://www.w3.org/2000/svg";

  class Complaint extends Error {}

  /** An element: a name with classes, attributes, and children, which are elements or texts. */
  function el(name, attributes = {}, ...children) {
    return fill(document.createElement(name), attributes, children);
  }

  function svg(name, attributes = {}, ...children) {
    return fill(document.createElementNS(SVG, name), attributes, children);
  }

  function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value != null) node.setAttribute(name, value);
    }
    node.append(...children.flat().filter((child) => child != null));
    return node;
  }

  /** HTML that Python made and escaped. */
  function made(html) {
    const node = el("div");
    node.innerHTML = html;
    return node;
  }

  /** What `packed` packed: bytes. */
  async function unpack(base64) {
    const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  async function unpackJson(base64) {
    return JSON.parse(new TextDecoder().decode(await unpack(base64)));
  }

  /** A number as Python's f"{x:.2f}" writes it: what lies exactly between two goes to the even one. */
  function fixed(x, digits) {
    const exact = Math.abs(x).toFixed(digits + 60);
    const kept = exact.slice(0, -60).replace(/\.$/, "");
    const tie = exact.endsWith("5" + "0".repeat(59));
    return tie && Number(kept.slice(-1)) % 2 === 0 ? (x < 0 ? "-" : "") + kept : x.toFixed(digits);
  }

  const percent = (x) => `${fixed(100 * x, 0)}%`;
  const thousands = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

  /** What a view says to somebody who only reads, as `words` in Python. */
  function words(node) {
    const parts = [];
    (function walk(each) {
      if (each.nodeType === Node.TEXT_NODE) parts.push(each.data);
      if (each.nodeType !== Node.ELEMENT_NODE || each.classList.contains("key")) return; // a key belongs to its picture
      const instead = each.getAttribute("role") === "img" || ["IMG", "AUDIO"].includes(each.tagName);
      if (instead) parts.push(each.getAttribute("alt") || each.getAttribute("aria-label") || "");
      else each.childNodes.forEach(walk);
      parts.push(" ");
    })(node);
    return parts.join(" ").split(/\s+/).filter(Boolean).join(" ");
  }

  let count = 0;

  /** A control: its node, and how to read and set it. */
  function control(spec, moved) {
    const id = `live-${++count}`;
    const shown = (i) => (spec.labels || spec.values)[i];
    const place = spec.values ? Math.max(0, spec.values.findIndex((v) => v === spec.value)) : 0;
    if (spec.kind === "tick") {
      const box = el("input", { type: "checkbox", id, onchange: moved });
      box.checked = spec.value === true;
      const node = el("label", { for: id, class: "control tick" }, box, ` ${spec.label}`);
      return { node, get: () => box.checked, set: (v) => (box.checked = v) };
    }
    if (spec.kind === "choice") {
      const menu = el("select", { id, onchange: moved },
        spec.values.map((_, i) => el("option", { value: i }, String(shown(i)))));
      menu.value = place;
      const node = el("div", { class: "control" }, el("label", { for: id }, spec.label), menu);
      return { node, get: () => spec.values[menu.value], set: (v) => (menu.value = spec.values.indexOf(v)) };
    }
    if (spec.kind === "buttons") {
      const radios = spec.values.map((_, i) => el("input", { type: "radio", name: id, value: i, onchange: moved }));
      if (spec.value !== undefined) radios[place].checked = true;
      const node = el("fieldset", { class: "control buttons" }, el("legend", {}, spec.label),
        radios.map((radio, i) => el("label", {}, radio, ` ${shown(i)}`)));
      return {
        node,
        get: () => spec.values[radios.findIndex((radio) => radio.checked)],
        set: (v) => radios.forEach((radio, i) => (radio.checked = spec.values[i] === v)),
      };
    }
    const slide = spec.kind === "slide";
    const bounds = slide ? { min: 0, max: spec.values.length - 1, step: 1, value: place } : spec;
    const digits = slide ? 0 : (String(bounds.step).split(".")[1] || "").length;
    const says = () => (slide ? String(shown(range.value)) : fixed(Number(range.value), digits));
    const told = el("output", { for: id });
    const range = el("input", {
      type: "range", id, min: bounds.min, max: bounds.max, step: bounds.step, value: bounds.value,
      oninput: () => { tell(); moved(); },
    });
    function tell() {
      told.textContent = says();
      range.setAttribute("aria-valuetext", says());
    }
    tell();
    const states = (bounds.max - bounds.min) / bounds.step;
    range.style.width = `${Math.round(Math.min(26, 9 + states / 8))}em`;
    const node = el("div", { class: "control" }, el("label", { for: id }, spec.label), range, told);
    return {
      node,
      get: () => (slide ? spec.values[range.value] : Number(range.value)),
      set: (v) => { range.value = slide ? spec.values.indexOf(v) : v; tell(); },
    };
  }

  /** A line on what the notebook offers and the page does not. */
  function leftOut(specs) {
    const few = specs.filter(({ values, of }) => values && of > values.length).map((spec) =>
      (spec.values.length === 1 ? `${spec.label}: ${spec.labels[0]}` : `${spec.label}: ${spec.values.length} of ${thousands(spec.of)}`));
    const any = specs.filter(({ of }) => of === null).map((spec) =>
      (spec.values.length === 1 ? `${spec.label}: ${spec.labels[0]}` : `${spec.label}: ${spec.values.length} prepared`));
    const parts = [...few, ...any];
    return parts.length ? `Prepared here (${parts.join(" · ")}); the notebook has all settings.` : "";
  }

  class Explorer {
    constructor(box) {
      const script = box.querySelector('script[type="application/json"]');
      this.box = box;
      this.spec = JSON.parse(script.textContent);
      this.turn = 0;
    }

    /** Once; a promise that is kept when the first view stands. */
    begin() {
      return (this.begun ??= this.start());
    }

    async start() {
      const { spec, box } = this;
      const draw = await views[spec.script](spec.data, this);
      this.render = draw;
      this.controls = new Map();
      const row = el("div", { class: "controls" });
      for (const each of spec.controls) {
        const drawn = control(each, () => this.draw([each.name]));
        this.controls.set(each.name, drawn);
        if (!(each.values && each.values.length === 1)) row.append(drawn.node);
      }
      this.busy = el("span", { class: "busy", role: "status" });
      this.status = el("p", { class: "said", role: "status" });
      this.shown = el("div", { class: "shown" });
      new ResizeObserver(() => this.reach()).observe(this.shown);
      const note = leftOut(spec.controls);
      row.append(this.busy);
      const asks = !spec.controls.length; // a quiz or a prediction brings its own words and buttons
      const live = el("div", { class: asks ? "live asks" : "live", role: "group", "aria-label": spec.title },
        asks ? null : el("b", {}, spec.title), asks ? null : row, note ? el("p", { class: "note" }, note) : null, this.shown, this.status);
      await this.draw(); // until then, or if it fails, the still view stays
      box.querySelector(":scope > .still").replaceWith(live);
    }

    get state() {
      return Object.fromEntries([...this.controls].map(([name, each]) => [name, each.get()]));
    }

    /** Move controls, by name; a promise that is kept when the view has followed. */
    set(values) {
      for (const [name, value] of Object.entries(values)) this.controls.get(name).set(value);
      return this.draw(Object.keys(values));
    }

    /** Which controls count now, by what others ask. */
    ignored() {
      const out = new Set();
      for (const [leading, asked] of Object.entries(this.spec.asks || {})) {
        const counts = asked[this.controls.get(leading).get()];
        for (const name of Object.values(asked).flat()) if (!counts.includes(name)) out.add(name);
      }
      return out;
    }

    /** Show what the controls say now; `moved` names those that were moved. */
    async draw(moved = []) {
      this.moved = moved;
      const turn = ++this.turn;
      const current = () => turn === this.turn;
      const ignored = this.ignored();
      for (const [name, each] of this.controls) each.node.hidden = ignored.has(name);
      const show = (said, ...nodes) => {
        if (!current()) return;
        this.shown.replaceChildren(...nodes.flat().filter((node) => node != null));
        this.reach();
        if (moved.length) this.status.textContent = said;
      };
      try {
        await this.render(this.state, show, current, this);
      } catch (error) {
        if (!(error instanceof Complaint)) throw error;
        show(error.message, el("i", {}, error.message));
      } finally {
        if (current()) this.busy.textContent = "";
      }
    }

    /** What is wider than the page is pushed sideways, and a keyboard gets there by Tab. */
    reach() {
      if (this.shown.scrollWidth > this.shown.clientWidth) this.shown.tabIndex = 0;
      else this.shown.removeAttribute("tabindex");
    }

    /** A sign for what takes longer, and time for the browser to draw it. */
    async pause(sign = "working …") {
      this.busy.textContent = sign;
      await new Promise((go) => setTimeout(go));
    }
  }

  /** An explorer begins when it comes near the window, since some have to compute. */
  function prepare() {
    const near = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) if (isIntersecting) target.course.begin();
    }, { rootMargin: "400px" });
    for (const box of document.querySelectorAll(".course-live")) {
      box.course = new Explorer(box);
      if (views[box.course.spec.script]) near.observe(box);
    }
  }

  document.addEventListener("DOMContentLoaded", prepare);
  return {
    view: (name, make) => (views[name] = make),
    Complaint, el, svg, made, unpack, unpackJson, fixed, percent, thousands, words,
  };
})();
