"""Handing a question to another agent that is offered as a tool."""

from __future__ import annotations

import re
from dataclasses import replace

from agentkit.sim.brain.acting import unbidden
from agentkit.sim.brain.answering import CLAUSES, solve
from agentkit.sim.brain.asking import understand
from agentkit.sim.brain.clauses import answers_nothing
from agentkit.sim.brain.judging import DraftReply
from agentkit.sim.brain.lexing import Lit, sentences
from agentkit.sim.brain.outcome import Solution
from agentkit.sim.brain.scene import Scene
from agentkit.sim.brain.schemas import TASK_NAMES, ToolSenses
from agentkit.sim.brain.social import key_data
from agentkit.sim.brain.thought import Json, WishedCall
from agentkit.sim.brain.values import AwaitedCall, clean
from agentkit.sim.brain.words import senses, senses_shared
from agentkit.sim.brain.working import Working

HANDS_OVER = frozenset(("transfer", "handoff", "hand", "delegate", "escalate"))


def delegate(scene: Scene) -> DraftReply | None:
    """Return the question handed to the colleague who fits it, or what that one answered.

    None when no agent is offered, or when the tools at hand answer the question directly.
    """
    agents = [one for one in scene.tools if is_agent(one) and not unbidden(one, scene.question)]
    if not agents or not scene.question:
        return None
    parts = orders(scene.question, agents) or by_fit(scene, agents)
    if not parts:
        return None
    working = Working(scene)
    outcomes = [working.call(tool, arguments_for(tool, text)) for tool, text in parts]
    if any(isinstance(outcome, AwaitedCall) for outcome in outcomes):
        return DraftReply(calls=tuple(working.calls))
    texts = [
        f"{tool.offer.name} failed: {outcome}"
        if isinstance(outcome, str)
        else agent_answer_text(outcome.data)
        for (tool, _), outcome in zip(parts, outcomes, strict=True)
        if not isinstance(outcome, AwaitedCall)
    ]
    failed = all(isinstance(outcome, str) for outcome in outcomes)
    text = " ".join(clean(text) for text in texts)
    failed = failed or all(answers_nothing(text) for text in texts)
    data = None if failed else key_data(text)
    mine = Solution("" if failed else text, data)
    return DraftReply(text, data, facts={"answer": data}, answer=mine)


def agent_answer_text(data: Json) -> str:
    """Return what an agent answered as text."""
    if isinstance(data, dict):
        return str(data.get("text") or data.get("answer") or data.get("result") or data)
    return str(data)


def is_agent(tool: ToolSenses) -> bool:
    """Return whether a tool is another agent: it takes a task, or hands the conversation over."""
    names = {word for param in tool.required for word in param.words}
    words = set(re.split(r"[_\W]+", tool.offer.name.casefold()))
    hands = bool(words & HANDS_OVER)
    takes_task = bool(names & TASK_NAMES) and all(param.is_query for param in tool.required)
    return takes_task or (hands and all(param.is_query for param in tool.required))


def arguments_for(tool: ToolSenses, text: str) -> dict[str, Json]:
    """Return the arguments that give an agent its task."""
    return {param.name: text for param in tool.required}


def orders(question: str, agents: list[ToolSenses]) -> list[tuple[ToolSenses, str]]:
    """Return the tasks that a question gives to agents by name: `ask the clerk for the dues`."""
    found = []
    for tool in agents:
        name = re.escape(tool.offer.name.removeprefix("ask_").removeprefix("transfer_to_"))
        hit = re.search(
            rf"\b(?:ask|have|let|tell|call|hand (?:it|this|over) to)\s+(?:the\s+)?{name}\b\s*"
            rf"(?:to|for|about|what|whether|:|,)?\s*(.*?)(?:(?:,\s*)?\b(?:and|then) (?:ask|have|"
            rf"let|tell)\b|$)",
            question, re.IGNORECASE | re.DOTALL,
        )  # fmt: skip
        if hit:
            text = hit.group(1).strip(" .") or question
            bare = isinstance(understand(text).node, Lit)
            found.append((hit.start(), tool, f"Tell me about {text}." if bare else text))
    return [(tool, text) for _, tool, text in sorted(found, key=lambda item: item[0])]


def by_fit(scene: Scene, agents: list[ToolSenses]) -> list[tuple[ToolSenses, str]]:
    """Return each question with the agent whose description fits it, unless tools answer it."""
    if any(result.current for result in scene.results if result.call.name in names(agents)):
        done = [r.call for r in scene.results if r.current and r.call.name in names(agents)]
        return [(tool, text_of(call)) for call in unique(done) for tool in agents
                if tool.offer.name == call.name]  # fmt: skip
    direct = [offer for offer in scene.offers if offer.name not in names(agents)]
    parts = []
    for text in (part for one in sentences(scene.question) for part in CLAUSES.split(one)):
        goal = understand(text)
        trial = solve(replace(scene, offers=tuple(direct)), goal)
        if trial.known or trial.calls:
            return []
        wanted = senses(text)
        scored = [
            (senses_shared(wanted, [*tool.name_senses, *tool.description_senses]), -n)
            for n, tool in enumerate(agents)
        ]
        best, place = max(scored)
        if not best:
            best, place = max(
                (
                    senses_shared(
                        senses(scene.task), [*tool.name_senses, *tool.description_senses]
                    ),
                    -n,
                )
                for n, tool in enumerate(agents)
            )
        if best > 0 or len(agents) == 1:
            parts.append((agents[-place], text))
    same = len(parts) > 1 and len({tool.offer.name for tool, _ in parts}) == 1
    return [(parts[0][0], scene.question)] if same else parts


def names(tools: list[ToolSenses]) -> set[str]:
    """Return the names of tools."""
    return {tool.offer.name for tool in tools}


def text_of(call: WishedCall) -> str:
    """Return the task that a call gave."""
    return str(next(iter(call.arguments.values()), ""))


def unique(calls: list[WishedCall]) -> list[WishedCall]:
    """Return calls without repetitions."""
    found: list[WishedCall] = []
    for call in calls:
        if call not in found:
            found.append(call)
    return found
