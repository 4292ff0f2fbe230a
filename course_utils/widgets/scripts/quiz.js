// Quizzes and predictions, graded in the page as `grade_reply` and `compared` grade in Python. What one answered stays
// in this browser, if it keeps anything, and is sent nowhere. Lines are HTML that Python escaped; what is typed is text.
"use strict";
Object.assign(course, (() => {
  const { el, made } = course;
  const here = new Map();

  /** What was answered before, by key; the page's own memory stands in where the browser keeps nothing. */
  function recall(key) {
    try {
      return JSON.parse(localStorage.getItem(`course ${key}`)) ?? here.get(key);
    } catch {
      return here.get(key);
    }
  }

  function remember(key, value) {
    here.set(key, value);
    try {
      localStorage.setItem(`course ${key}`, JSON.stringify(value));
    } catch {
      return; // a browser that keeps nothing
    }
  }

  const close = (a, b, tolerance) => Math.abs(a - b) <= Math.max(1e-12 * Math.max(Math.abs(a), Math.abs(b)), tolerance);

  /** A number as people write it: 3/8, −5, 1,000 and 0,5, 1e-3, 25 %; NaN if it is none. */
  function number(typed) {
    let text = typed.trim().toLowerCase().replace(/[−–]/g, "-").replace(/[% ]/g, "");
    text = text.replaceAll(",", /^[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/.test(text) ? "" : ".");
    const parts = text.split("/").map((part) => (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/.test(part) ? Number(part) : NaN));
    const value = parts.length === 1 ? parts[0] : parts.length === 2 && parts[1] ? parts[0] / parts[1] : NaN;
    return Number.isFinite(value) ? value : NaN;
  }

  /** A reply of places, or a number, as `grade_reply` takes it → whether it is right, and what to say. */
  function grade(question, reply) {
    const { kind, explained } = question;
    if (kind === "number") return gradeNumber(question, reply);
    if (kind === "order") return gradeOrder(question, reply);
    const chosen = kind === "single" ? [reply] : [...new Set(reply)].sort((a, b) => a - b);
    const holds = question.options.filter((o) => o.right).map((o) => o.place);
    if (chosen.join() === holds.join()) return { right: true, lines: explained };
    const lines = chosen.map((place) => explained[place]);
    const left = holds.length - chosen.filter((place) => holds.includes(place)).length;
    if (kind === "multiple" && left) lines.push(`${left} of the others ${left === 1 ? "holds" : "hold"} too.`);
    return { right: false, lines };
  }

  function gradeNumber({ value, tolerance, slips, unit, explained }, reply) {
    if (close(reply, value, tolerance)) return { right: true, lines: explained };
    const slip = slips.find(([wrong]) => close(reply, wrong, tolerance));
    if (slip) return { right: false, lines: [`✗ ${slip[1]}`] };
    if (unit === "%" && close(100 * reply, value, tolerance))
      return { right: false, lines: ["✗ That is the share; asked for is the percentage, a hundred times as much."] };
    return { right: false, lines: [`✗ It is ${reply > value ? "smaller" : "larger"}.`] };
  }

  function gradeOrder({ options, explained }, reply) {
    const first = reply.findIndex((place, i) => place !== i);
    if (first < 0) return { right: true, lines: explained };
    const option = options.find((o) => o.place === reply[first]);
    const soFar = ["", "The first one is right", `The first ${first} are right`][Math.min(first, 2)];
    const head = first ? `${soFar}, but the next is not` : "The first one is not";
    return { right: false, lines: [`✗ ${head} “${option.text}”: ${option.why}`] };
  }

  let count = 0;

  /** What a question is answered with: a node, and a function that reads the reply: null for nothing, a text for a complaint. */
  function answering(question) {
    const name = `asked-${++count}`, { kind, options } = question;
    if (kind === "single" || kind === "multiple") {
      const boxes = options.map((o) => el("input", { type: kind === "single" ? "radio" : "checkbox", name, value: o.place }));
      const rows = options.map((o, i) => el("label", { class: "option" }, boxes[i], ` ${o.letter}) `, ...made(o.text).childNodes));
      const read = () => {
        const chosen = boxes.flatMap((box, i) => (box.checked ? [options[i].place] : []));
        return chosen.length ? (kind === "single" ? chosen[0] : chosen) : null;
      };
      return { nodes: rows, read };
    }
    const order = kind === "order", label = order ? `Order, such as ${options.map((o) => o.letter).join("")}` : "A number";
    const field = el("input", { type: "text", id: name, autocomplete: "off" });
    const rows = order ? options.map((o) => el("div", { class: "option" }, `${o.letter}) `, ...made(o.text).childNodes)) : [];
    const unit = question.unit ? ` ${question.unit}` : "";
    const read = () => {
      const typed = field.value.trim();
      if (!typed) return null;
      if (!order) return Number.isNaN(number(typed)) ? `“${typed}” is not a number.` : number(typed);
      const places = [...typed.toLowerCase().replace(/[, ]/g, "")].map((letter) => options.find((o) => o.letter === letter)?.place);
      const whole = places.length === options.length && new Set(places).size === options.length && !places.includes(undefined);
      return whole ? places : `“${typed}” is not each letter once.`;
    };
    return { nodes: [...rows, el("div", {}, el("label", { for: name }, `${label}: `), field, unit)], read, typed: () => field.value };
  }

  function button(said, label, act) {
    return el("button", { type: "button", "aria-label": label, onclick: act }, said);
  }

  /** Lines under a question; a screen reader is told. */
  function answerBox() {
    const node = el("div", { class: "answer", role: "status" });
    const tell = (kind, ...lines) => {
      node.className = `answer ${kind}`;
      node.replaceChildren(...lines.map((line) => (typeof line === "string" ? made(line) : line)));
    };
    return { node, tell };
  }

  return { recall, remember, number, grade, answering, button, answerBox, close };
})());

course.view("quiz", ({ key, questions }) => {
  const { answerBox, answering, button, el, grade, made, recall, remember } = course;
  const right = new Set(recall(key) || []);
  const total = el("p", { class: "total", role: "status" });

  function tellTotal() {
    const all = right.size === questions.length ? " Well done." : "";
    total.textContent = right.size ? `${right.size} of ${questions.length} right.${all}` : "";
  }

  const asked = questions.map((question, i) => {
    const { nodes, read } = answering(question), { node, tell } = answerBox();
    const check = button("Check", `Check your answer to question ${i + 1}`, () => {
      const reply = read();
      if (reply === null) return tell("", el("div", {}, "Nothing is chosen yet."));
      if (typeof reply === "string") return tell("", el("div", {}, reply));
      const { right: isRight, lines } = grade(question, reply);
      if (isRight) right.add(i + 1);
      remember(key, [...right]);
      tellTotal();
      return tell(isRight ? "right" : "wrong", el("b", {}, isRight ? "✓ Right." : "✗ Not yet."), ...lines);
    });
    const explain = button("Explain", `Show the answer to question ${i + 1}, with the reason for every option`, () => tell("", ...question.explained));
    const legend = el("legend", {}, el("b", {}, `${i + 1}. `), ...made(question.text).childNodes, " ", el("i", {}, question.asks));
    return el("fieldset", { class: "question" }, legend, nodes, el("div", { class: "buttons" }, check, " ", explain), node);
  });
  return (_, show) => {
    tellTotal();
    show("", asked, total, el("p", { class: "note" }, "Your answers stay in this browser."));
  };
});
