// @ts-check
/** The live plan: its steps, what they wait for and how far they are. Python folds and places, this draws. */


/** A step in a sentence, for those who do not see it. */
export const label = (step) => `${step.id}. ${step.task} (${step.actor}): ${step.state}${step.told ? `: ${step.told}` : ""}`;

function card(step, key, chosen, choose) {
  const [x, y, width, height] = step.at;
  const made = svg("g", { class: `step is-${step.state}${chosen ? " chosen" : ""}`, "aria-label": label(step), "data-id": key },
    svg("rect", { x, y, width, height, rx: 9 }),
    svg("circle", { cx: x + 16, cy: y + 17, r: 4.5 }),
    svg("text", { x: x + 28, y: y + 21, class: "who" }, cut(`${step.id} · ${step.actor}`, width - 92, 12)),
    svg("text", { x: x + width - 12, y: y + 21, class: "took" }, step.took_s == null ? step.state : seconds(step.took_s)),
    ...step.lines.map((line, i) => svg("text", { x: x + 14, y: y + 39 + 14 * i }, line)));
  if (step.told) made.append(svg("text", { x: x + 14, y: y + 72, class: "told" }, cut(`→ ${step.told}`, width - 34, 11)));
  clickable(made, choose);
  return made;
}

/** Draw the plans into an element and keep them up to date; returns the clean-up. */
export function draw(model, el) {
  const root = region(el, "ak-plan", "Plan");
  let chosen = "";

  function picture(key, draft) {
    const states = Object.fromEntries(draft.steps.map((step) => [step.id, step.state]));
    const pad = 3, box = `${-pad} ${-pad} ${draft.width + 2 * pad} ${draft.height + 2 * pad}`;
    const made = svg("svg", { viewBox: box, width: draft.width + 2 * pad, height: draft.height + 2 * pad },
      ...draft.edges.map((edge) => svg("path", { d: edge.d, class: states[edge.from] === "done" ? "edge ready" : "edge" })),
      ...draft.steps.map((step) => {
        const name = `${key}/${step.id}`;
        return card(step, name, name === chosen, () => { chosen = name === chosen ? "" : name; wake(); });
      }));
    return html("div", "ak-scroll", "", made);
  }
  function detail(step) {
    const rows = [["task", step.task], ["who", step.actor], ["state", step.state]];
    if (step.needs.length) rows.push(["after", step.needs.join(", ")]);
    if (step.told) rows.push([step.state === "done" ? "answer" : "why", step.told]);
    if (step.took_s != null) rows.push(["took", seconds(step.took_s)]);
    return html("dl", "ak-detail", "", ...rows.flatMap(([name, text]) => [html("dt", "", name), html("dd", "", text)]));
  }
  function section(plan) {
    const made = html("section", "", "", html("div", "ak-head", "", html("b", "", plan.path || plan.what), html("span", "ak-said", plan.said)));
    plan.drafts.forEach((draft, i) => {
      const key = `${plan.id}/${i}`, old = i < plan.drafts.length - 1;
      const part = html("div", old ? "ak-draft old" : "ak-draft");
      if (plan.drafts.length > 1) part.append(html("p", "ak-why", draft.why ? `${draft.title}: ${draft.why}` : draft.title));
      if (draft.text) part.append(html("details", "", "", html("summary", "", "facts and plan"), html("pre", "", draft.text)));
      if (draft.steps.length) part.append(picture(key, draft));
      const step = draft.steps.find((one) => `${key}/${one.id}` === chosen);
      if (step) part.append(detail(step));
      made.append(part);
    });
    for (const flaw of plan.flaws) made.append(html("p", "ak-flaw", `Sent back: ${flaw}`));
    return made;
  }
  function paint(data) {
    const shown = data.plans.map(section);
    root.replaceChildren(...(shown.length ? shown : [html("p", "ak-none", "No plan yet.")]));
    root.classList.toggle("live", Boolean(data.live));
  }
  const { wake, stop } = whole(model, root, paint);
  return stop;
}

export default { render: ({ model, el }) => draw(model, el) };
