/** A question to the person: buttons or a text field, a countdown, and the answer that was given. */
import { html, whenPressed } from "./dom.js";
import { hideStill } from "./follow.js";
import { tell } from "./tell.js";
import { visible } from "./words.js";

/** @typedef {import("./types").Model} Model */

/**
 * Seconds as a person reads them.
 * @param {number} s
 */
export const left = (s) => (s >= 60 ? `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s` : `${Math.ceil(s)} s`);

/** @type {Record<string, string>} */
const BY = {
  person: "You answered",
  script: "Answered by a script",
  time: "Nobody answered in time",
  nobody: "Nobody is here to answer; by default",
  elsewhere: "Answered elsewhere",
  stopped: "Stopped before there was an answer",
};

/**
 * What stands below the question once it is answered.
 * @param {string} answer
 * @param {string} by
 */
export function verdict(answer, by) {
  const said = BY[by] || "Answered";
  return answer ? `${said}: ${answer}` : said;
}

/**
 * @param {string} text
 * @param {() => void} act
 */
function pressed(text, act) {
  const button = html("button", "agentkit-question-button", text);
  button.type = "button";
  whenPressed(button, act);
  return button;
}

/**
 * A button for each option, and a field where other words may be given.
 * @param {Model} model
 * @param {(text: string) => void} answer
 */
function choices(model, answer) {
  /** @type {string[]} */
  const options = model.get("options");
  const row = html("div", "agentkit-question-row");
  for (const option of options) {
    const button = pressed(option, () => answer(option));
    if (option === model.get("default")) button.classList.toggle("is-default", true);
    row.append(button);
  }
  if (!options.length || model.get("words")) row.append(...field(model, answer));
  return row;
}

/**
 * @param {Model} model
 * @param {(text: string) => void} answer
 */
function field(model, answer) {
  const made = html("input", "agentkit-question-field");
  made.placeholder = model.get("words") ? "yes, but ..." : model.get("default");
  made.setAttribute("aria-label", "Your answer");
  const give = () => answer(made.value.trim() || model.get("default"));
  made.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the notebook's own shortcuts are not meant
    if (event.key === "Enter") give();
  });
  return [made, pressed("Answer", give)];
}

/**
 * How long there is to answer, and what happens then.
 * @param {Model} model
 * @param {number} born when it was shown, in milliseconds
 */
function remaining(model, born) {
  const rest = Math.max(0, model.get("timeout_s") - (Date.now() - born) / 1000);
  return `${left(rest)} left, then: ${model.get("default") || "no answer"}`;
}

/**
 * Show the question and the answer that comes; returns the clean-up.
 * @param {import("./types").Shown} shown
 */
export function render({ model, el }) {
  const box = html("div", "agentkit-question"), born = Date.now();
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", visible(model.get("text")));
  el.append(box);
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;

  /** @param {string} text */
  function answer(text) {
    for (const one of box.querySelectorAll("button, input")) /** @type {HTMLButtonElement} */ (one).disabled = true;
    tell(model, { type: "answer", text });
  }
  function draw() {
    clearInterval(timer);
    const by = model.get("by");
    box.replaceChildren(html("div", "agentkit-question-text", model.get("text")));
    box.classList.toggle("is-answered", Boolean(by));
    if (by) return box.append(html("div", "agentkit-question-verdict", verdict(model.get("answer"), by)));
    box.append(choices(model, answer));
    if (model.get("timeout_s") <= 0) return;
    const clock = html("div", "agentkit-question-clock");
    const tick = () => { clock.textContent = remaining(model, born); };
    tick();
    timer = setInterval(tick, 500);
    box.append(clock);
  }

  draw();
  model.on("change:by", draw);
  tell(model, { type: "hello" });
  const showAgain = hideStill(model.get("still"));
  return () => { showAgain(); clearInterval(timer); model.off("change:by", draw); };
}

export default { render };
