/** The live plan: its steps, what they wait for and how far they are. Python folds and places, this draws. */
import { clickable, details, heading, html, nothing, region, svg } from "./dom.js";
import { whole } from "./follow.js";
import { cut, seconds } from "./words.js";

/** @typedef {import("./types").Step} Step */
/** @typedef {import("./types").Draft} Draft */
/** @typedef {import("./types").Plan} Plan */

const PAD = 3;

/**
 * A step in a sentence, for those who do not see it.
 * @param {Step} step
 */
export const label = (step) => `${step.id}. ${step.task} (${step.actor}): ${step.state}${step.told ? `: ${step.told}` : ""}`;

/**
 * @param {Step} step
 * @param {string} key
 * @param {boolean} chosen
 * @param {() => void} choose
 */
function card(step, key, chosen, choose) {
  const [x, y, width, height] = step.at;
  const made = svg("g", { class: `step is-${step.state}${chosen ? " chosen" : ""}`, "aria-label": label(step), "data-id": key },
    svg("rect", { x, y, width, height, rx: 9 }),
    svg("circle", { cx: x + 16, cy: y + 17, r: 4.5 }),
    svg("text", { x: x + 28, y: y + 21, class: "who" }, cut(`${step.id} · ${step.actor}`, width - 92, 12)),
    svg("text", { x: x + width - 12, y: y + 21, class: "took" }, step.took_s == null ? step.state : seconds(step.took_s)),
    ...step.lines.map((line, i) => svg("text", { x: x + 14, y: y + 39 + 14 * i }, line)));
  if (step.told) made.append(svg("text", { x: x + 14, y: y + 72, class: "told" }, cut(`→ ${step.told}`, width - 34, 11)));
  return clickable(made, choose);
}

/** @param {Step} step */
function about(step) {
  const rows = [["task", step.task], ["who", step.actor], ["state", step.state]];
  if (step.needs.length) rows.push(["after", step.needs.join(", ")]);
  if (step.told) rows.push([step.state === "done" ? "answer" : "why", step.told]);
  if (step.took_s != null) rows.push(["took", seconds(step.took_s)]);
  return details(rows);
}

/**
 * The steps of a draft and what they wait for.
 * @param {Draft} draft
 * @param {(step: Step) => SVGElement} step
 */
function picture(draft, step) {
  const states = Object.fromEntries(draft.steps.map((one) => [one.id, one.state]));
  const width = draft.width + 2 * PAD, height = draft.height + 2 * PAD;
  const made = svg("svg", { viewBox: `${-PAD} ${-PAD} ${width} ${height}`, width, height },
    ...draft.edges.map((edge) => svg("path", { d: edge.d, class: states[edge.from] === "done" ? "edge ready" : "edge" })),
    ...draft.steps.map(step));
  return html("div", "ak-scroll", "", made);
}

/**
 * Draw the plans into an element and keep them up to date; returns the clean-up.
 * @param {import("./types").Shown} shown
 */
export function render({ model, el }) {
  const root = region(el, "ak-plan", "Plan");
  let chosen = "";

  /**
   * @param {Plan} plan
   * @param {Draft} draft
   * @param {number} i
   */
  function part(plan, draft, i) {
    const key = `${plan.id}/${i}`, old = i < plan.drafts.length - 1;
    const made = html("div", old ? "ak-draft old" : "ak-draft");
    /** @param {Step} step */
    const drawn = (step) => {
      const name = `${key}/${step.id}`;
      return card(step, name, name === chosen, () => { chosen = name === chosen ? "" : name; wake(); });
    };
    if (plan.drafts.length > 1) made.append(html("p", "ak-why", draft.why ? `${draft.title}: ${draft.why}` : draft.title));
    if (draft.text) made.append(html("details", "", "", html("summary", "", "facts and plan"), html("pre", "", draft.text)));
    if (draft.steps.length) made.append(picture(draft, drawn));
    const step = draft.steps.find((one) => `${key}/${one.id}` === chosen);
    if (step) made.append(about(step));
    return made;
  }
  /** @param {Plan} plan */
  const section = (plan) => html("section", "", "", heading(plan.path || plan.what, plan.said),
    ...plan.drafts.map((draft, i) => part(plan, draft, i)), ...plan.flaws.map((flaw) => html("p", "ak-flaw", `Sent back: ${flaw}`)));
  /** @param {import("./types").PlanData} data */
  const paint = (data) => root.replaceChildren(...(data.plans.length ? data.plans.map(section) : [nothing("No plan yet.")]));
  const { wake, stop } = whole(model, root, paint);
  return stop;
}

export default { render };
