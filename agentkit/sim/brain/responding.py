"""The simulated brain: from a conversation to a reply, by rules, with no knowledge of its own.

It knows the language of questions, reads what it is sent, and gets every fact from there: from
passages, tool results, other agents' messages and the system text.
"""

from __future__ import annotations

import json
from dataclasses import replace

from agentkit.sim.brain.chasing import chased
from agentkit.sim.brain.choosing import fill
from agentkit.sim.brain.composing import HONEST, formed
from agentkit.sim.brain.delegating import delegate
from agentkit.sim.brain.filling import Form
from agentkit.sim.brain.injection import obeyed
from agentkit.sim.brain.intent import intent
from agentkit.sim.brain.judging import DraftReply
from agentkit.sim.brain.lexing import literals
from agentkit.sim.brain.noting import noted
from agentkit.sim.brain.playing import played
from agentkit.sim.brain.progress import concluded, progress
from agentkit.sim.brain.scene import Scene, read
from agentkit.sim.brain.schemas import read_tool
from agentkit.sim.brain.social import think
from agentkit.sim.brain.temperaments import temperament
from agentkit.sim.brain.thought import BrainRequest, Say, WishedCall
from agentkit.sim.brain.tries import forced_arguments
from agentkit.sim.brain.worded import worded


def respond(ask: BrainRequest) -> Say:
    """Return the reply to a conversation; equal requests get equal replies.

    Raises:
        UnknownTemperament: the model is none of the simulated ones.
        Unfillable: the schema asks for an endless or huge form.
    """
    if (inner := worded(ask)) is not None:
        return inner.written(respond(inner.ask))
    scene = read(ask, temperament(ask.model))
    if scene.temper.obeys_documents and (orders := obeyed(scene)):
        return calling(scene, orders.calls) if orders.calls else orders
    if forced := forced_calls(scene):
        return calling(scene, forced)
    if (move := played(scene)) is not None:
        return move
    led = noted(scene) or chased(scene) or progress(scene) or concluded(scene) or delegate(scene)
    thought = led or think(scene, intent(scene))
    if thought.calls:
        return calling(scene, thought.calls)
    if ask.schema is not None:
        return in_schema(scene, thought)
    return Say(formed(thought.text, thought.data, scene))


def in_schema(scene: Scene, thought: DraftReply) -> Say:
    """Return the thought as JSON for the schema asked for, or the calls it still needs.

    A form in which a number, a switch or a choice is not known is refused and not made up; so is
    one of lists of which nothing is known: an empty one would say that there is nothing.
    """
    schema = scene.ask.schema or {}
    form = Form(scene, thought, schema)
    value = form.fill(schema, "answer")
    if form.calls:
        return calling(scene, tuple(form.calls))
    unknown = form.unknown or ([] if form.spent.told else form.spent.empty)
    if unknown:
        names = ", ".join(dict.fromkeys(unknown))
        text = f"I cannot fill this form: nothing in this conversation tells me {names}. {HONEST}"
        return Say(refusal=text)
    return Say(json.dumps(value, ensure_ascii=False))


def calling(scene: Scene, calls: tuple[WishedCall, ...]) -> Say:
    """Return calls as a reply, one at a time where several are not allowed."""
    return Say(calls=calls if scene.ask.parallel else calls[:1])


def forced_calls(scene: Scene) -> tuple[WishedCall, ...]:
    """Return the call that `tool_choice` demands, unless one was made since the last user turn."""
    choice = scene.ask.tool_choice
    if choice in ("auto", "none") or not scene.offers:
        return ()
    if any(result.current for result in scene.results):
        return ()
    allowed = [offer for offer in scene.offers if choice in ("required", offer.name)]
    if not allowed:
        return ()
    wanted = think(replace(scene, offers=tuple(allowed)), intent(scene)).calls
    if wanted:
        return wanted
    tool = read_tool(allowed[0])
    arguments, _ = fill(tool, [], [], scene.question or scene.task)
    known = literals(scene.question or scene.task)
    return (WishedCall(tool.offer.name, arguments or forced_arguments(tool, known, scene.task)),)
