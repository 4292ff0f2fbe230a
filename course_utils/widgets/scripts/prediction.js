// A guess before the result: the first one stays, and is compared with what came out.
"use strict";
(() => {
  const { answerBox, answering, button, close, el, fixed, made, number, recall, remember, thousands } = course;

  /** A number as Python's f"{x:,.4g}" writes it. */
  function general(x, digits) {
    if (!x) return "0";
    const power = Number(Math.abs(x).toExponential(digits - 1).split("e")[1]);
    const bare = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    if (power < -4 || power >= digits) {
      const [mantissa] = x.toExponential(digits - 1).split("e");
      return `${bare(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
    }
    const [whole, rest] = bare(fixed(x, digits - 1 - power)).split(".");
    return thousands(whole) + (rest ? `.${rest}` : "");
  }

  const right = ({ kind, options, value }) => (kind === "number" ? value : options.find((o) => o.right).place);
  const why = ({ kind, options, why: said }) => (kind === "number" ? said : options.find((o) => o.right).why);
  const escaped = (text) => el("i", {}, text).innerHTML;
  const inWords = (question, guess) => (question.kind === "number"
    ? `${general(guess, 4)} ${escaped(question.unit)}`.trim()
    : `“${question.options.find((o) => o.place === guess).bare}”`);
  const isGood = (question, guess) => (question.kind === "number" ? close(guess, question.value, question.tolerance) : guess === right(question));

  function beside(question, guess, where = "") {
    const said = `You guessed ${inWords(question, guess)}`, result = right(question);
    if (question.kind !== "number")
      return guess === result ? `${said}, and so it is${where}.` : `${said};${where} it is ${inWords(question, result)}.`;
    const percent = question.unit === "%", whole = !percent && Number.isInteger(result);
    const [more, fewer] = whole ? ["many", "few"] : ["high", "low"], gap = guess - result;
    const off = `${general(Math.abs(gap), 3).replaceAll(",", "")}${percent ? " percentage points" : ""} too ${gap > 0 ? more : fewer}`;
    return `${said};${where} it is ${inWords(question, result)}: ${isGood(question, guess) ? "which is close" : off}.`;
  }

  function cameOut({ question, of_pocket: ofPocket }) {
    const itIs = ofPocket ? "In the pocket model:" : question.kind === "number" ? "It is" : "What came out:";
    return `${itIs} ${inWords(question, right(question))}. ${why(question)}`;
  }

  function compared(record, guess) {
    const { question, of_pocket: ofPocket } = record;
    if (ofPocket) return `${beside(question, guess, " in the pocket model")} ${why(question)}`;
    if (question.kind === "number") return `${beside(question, guess)} ${question.why}`;
    const chosen = question.options.find((o) => o.place === guess);
    return chosen.right ? `${beside(question, guess)} ${chosen.why}` : `You guessed ${inWords(question, guess)}. ${chosen.why} ${cameOut(record)}`;
  }

  /** 0.16 means 16 where a percentage above 1 is asked for; "0.16%" does not. */
  function asPercentage({ kind, unit, value }, guess, typed) {
    if (kind !== "number" || unit !== "%" || typed.includes("%")) return guess;
    return guess > 0 && guess < 1 && value > 1 ? 100 * guess : guess;
  }

  Object.assign(course, { compared, general, isGood });

  course.view("prediction", (record) => {
    const { key, question } = record, { nodes, read, typed } = answering(question), { node, tell } = answerBox();
    const guess = () => recall(key);
    const keep = button("Keep my guess", `Keep your guess for ${key}`, () => {
      const reply = read();
      if (reply === null) return tell("", el("div", {}, "Nothing is chosen yet."));
      if (typeof reply === "string") return tell("", el("div", {}, reply));
      if (guess() != null) return tell("", `Your first guess stays: ${inWords(question, guess())}. ${compared(record, guess())}`);
      remember(key, asPercentage(question, reply, typed ? typed() : ""));
      document.dispatchEvent(new Event("course-guess"));
      return tell("", `Your guess is kept: ${inWords(question, guess())}. Read on and see; then compare.`);
    });
    const compare = button("Compare", `Compare your guess for ${key} with what came out`, () => {
      if (guess() == null) return tell("", el("div", {}, "Guess first, then compare."));
      return tell("right", compared(record, guess()));
    });
    const legend = el("legend", {}, el("b", {}, "Predict. "), ...made(question.text).childNodes);
    const asked = el("fieldset", { class: "question" }, legend, nodes, el("div", { class: "buttons" }, keep, " ", compare), node);
    return (_, show) => show("", asked);
  });

  course.view("guesses", ({ day, records }) => (_, show, __, explorer) => {
    const made_ = records.filter(({ key }) => recall(key) != null), good = made_.filter(({ key, question }) => isGood(question, recall(key)));
    const were = made_.length ? `; ${good.length} ${good.length === 1 ? "was" : "were"} right or close.` : ".";
    const lines = made_.map((record) => made(`${good.includes(record) ? "✓" : "✗"} ${record.key}: you guessed ` +
      `${inWords(record.question, recall(record.key))}; it is ${inWords(record.question, right(record.question))}.`));
    show("", el("div", {}, `You made ${made_.length} of the ${records.length} guesses of ${day}${were}`), lines);
    if (!explorer.listens) document.addEventListener("course-guess", () => explorer.draw());
    explorer.listens = true;
  });
})();
