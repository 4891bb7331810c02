// @ts-check
/** A question to the person: buttons or a text field, a countdown, and the answer that was given. */

/**
 * Seconds as a person reads them.
 * @param {number} s
 */
export const left = (s) => (s >= 60 ? `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s` : `${Math.ceil(s)} s`);

/**
 * What stands below the question once it is settled.
 * @param {string} answer @param {string} by
 */
export function verdict(answer, by) {
  const said = BY[/** @type {keyof typeof BY} */ (by)] || "Answered";
  return answer ? `${said}: ${answer}` : said;
}

const BY = {
  person: "You answered",
  script: "Answered by a script",
  time: "Nobody answered in time",
  nobody: "Nobody is here to answer; by default",
  stopped: "Stopped before there was an answer",
};

/** @param {string} tag @param {string} name @param {string} [text] */
function make(tag, name, text) {
  const el = document.createElement(tag);
  el.className = name;
  if (text !== undefined) el.textContent = text;
  return el;
}

/** @param {{model: any, el: HTMLElement}} context */
function render({ model, el }) {
  const box = make("div", "agentkit-question");
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", model.get("text"));
  el.appendChild(box);
  /** @type {any} */
  let timer = null;
  const born = Date.now();
  /** @type {any[]} */
  let controls = [];

  function answer(/** @type {string} */ text) {
    for (const one of controls) one.disabled = true;
    model.send({ type: "answer", text });
  }

  function choices() {
    const row = make("div", "agentkit-question-row");
    for (const option of model.get("options")) {
      const button = make("button", "agentkit-question-button", option);
      button.setAttribute("type", "button");
      if (option === model.get("default")) button.classList.toggle("is-default", true);
      button.addEventListener("click", () => answer(option));
      controls.push(button);
      row.appendChild(button);
    }
    if (!model.get("options").length || model.get("words")) {
      const field = /** @type {HTMLInputElement} */ (make("input", "agentkit-question-field"));
      field.placeholder = model.get("words") ? "yes, but ..." : model.get("default");
      field.setAttribute("aria-label", "Your answer");
      const send = make("button", "agentkit-question-button", "Answer");
      const give = () => answer(field.value.trim() || model.get("default"));
      send.addEventListener("click", give);
      field.addEventListener("keydown", (event) => {
        event.stopPropagation(); // the notebook's own shortcuts are not meant
        if (event.key === "Enter") give();
      });
      controls.push(field, send);
      row.append(field, send);
    }
    return row;
  }

  function draw() {
    if (timer) clearInterval(timer);
    timer = null;
    controls = [];
    box.replaceChildren(make("div", "agentkit-question-text", model.get("text")));
    const by = model.get("by");
    if (by) {
      box.classList.toggle("is-settled", true);
      box.append(make("div", "agentkit-question-verdict", verdict(model.get("answer"), by)));
      return;
    }
    box.append(choices());
    const limit = model.get("timeout_s");
    if (limit > 0) {
      const clock = make("div", "agentkit-question-clock");
      const tick = () => {
        const rest = Math.max(0, limit - (Date.now() - born) / 1000);
        clock.textContent = `${left(rest)} left, then: ${model.get("default") || "no answer"}`;
      };
      tick();
      timer = setInterval(tick, 500);
      box.append(clock);
    }
  }

  draw();
  model.on("change:by", draw);
  model.send({ type: "hello" });
  const showAgain = hideStill(model.get("still"));
  return () => {
    showAgain();
    if (timer) clearInterval(timer);
    model.off("change:by", draw);
  };
}

export default { render };
