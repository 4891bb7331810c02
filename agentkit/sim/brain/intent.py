"""What a request is for, beyond a question: planning, voting, judging, revising and so on."""

from __future__ import annotations

import re
from typing import Literal

from agentkit.sim.brain.reflecting import reflects
from agentkit.sim.brain.scene import Scene

Intent = Literal[
    "answer",
    "greet",
    "plan",
    "vote",
    "criticise",
    "revise",
    "speaker",
    "judge",
    "summarise",
    "reflect",
]

ORDERS: tuple[tuple[Intent, str], ...] = (
    ("speaker", r"\bwho (?:should )?(?:speaks?|goes|talks|acts|answers?|handles?|"
                r"takes)\b.{0,25}\b(?:next|this|it|over)\b|"
                r"\bnext speaker\b|\b(?:pick|choose|select|name)\b.{0,30}\b(?:speaker|"
                r"next (?:agent|actor|worker))\b|"
                r"\b(?:route|assign|dispatch|hand)\b.{0,40}\b(?:to (?:one of|the right|the best|"
                r"whom)|request|question|task)\b|"
                r"\bclassify\b|\bwhich (?:agent|actor|colleague|specialist|worker|department|"
                r"expert)\b"),
    ("plan", r"\b(?:make|write|draw up|give|create|produce|draft|need|propose|want) (?:me |"
             r"us )?(?:a|the|your) (?:\w+ )?plan\b|"
             r"\bplan (?:how|the|this|for|it|what)\b|^plan\b|"
             r"\b(?:split|break|decompose|divide|separate)\b.{0,60}\b(?:steps?|sub-?tasks?|parts|sub-?questions|pieces|down)\b|"
             r"\blist the steps\b|\byou (?:plan|are (?:a|the) planner)\b|\bsub-?tasks\b"),
    ("revise", r"\b(?:revise|reconsider|correct your|improve your|check (?:it|that|"
               r"your answer) again|are you sure|try again|"
               r"think again|update your answer|give your (?:final|revised|new|updated) answer)\b|"
               r"\b(?:that|this|it|your answer) (?:is|was|looks|seems) (?:wrong|incorrect|"
               r"mistaken|false|not right)\b"),
    ("judge", r"\b(?:judge|grade|score|rate|mark|evaluate|assess)\b.{0,40}\b(?:answers?|repl(?:y|"
              r"ies)|response|proposal|essay|draft|it|this|them|candidates?|solution)\b|"
              r"\bwhich (?:answer|reply|response|one|of the (?:answers|replies)) is (?:better|"
              r"best|right|correct)\b|\byou are (?:a|the) judge\b"),
    ("criticise", r"\b(?:criticis?z?e|critique|review|verify|fact-?check|double-?check|"
                  r"check)\b.{0,50}\b(?:answer|reply|draft|work|proposal|result|solution|claim|it|this)\b|"
                  r"\bis (?:this|the|that|his|her|their) (?:answer|reply|claim|result) (?:right|"
                  r"correct|true)\b|"
                  r"\byou are (?:a|the) (?:critic|reviewer|checker|verifier)\b|\bfind (?:the |"
                  r"any )?(?:errors?|mistakes?|faults?)\b"),
    ("vote", r"\b(?:vote|cast your vote|ballot)\b|\b(?:choose|pick|select)\b.{0,40}\b(?:option|"
             r"answer|best|one of|candidates?|proposals?)\b"),
    ("summarise", r"\b(?:summari[sz]e|sum up|condense|shorten|tl;?dr|give (?:a|"
                  r"the) (?:short )?(?:summary|gist)|write (?:a|the) (?:short )?summary)\b"),
)  # fmt: skip
ROLES: dict[Intent, str] = {
    "plan": r"planner\b",
    "judge": r"(?:judge|grader|referee)\b",
    "criticise": r"(?:critic|reviewer|checker|verifier)\b",
    "summarise": r"summari[sz]er\b",
    "speaker": r"(?:router|dispatcher|moderator|triage)\b",
}
FINAL = re.compile(
    r"\b(?:final|overall) answer\b|\banswer (?:the|this) (?:question|request)\b", re.IGNORECASE
)
GREETING = re.compile(
    r"^\W*(?:hello|hi|hey|good (?:morning|day|evening)|thanks?|thank you|welcome|bye|how are you|"
    r"who are you|what are you|what can you do|introduce yourself|tell me about yourself|"
    r"are you (?:a|an|there|"
    r"human|real)\b.*|say hello.*|ping|test)\b[^?]{0,40}\??\W*$",
    re.IGNORECASE,
)


def intent(scene: Scene) -> Intent:
    """Return what the reply should do; the task's own words go before the system text."""
    if not re.search(r"\w", scene.task):
        return "greet"
    if GREETING.match(scene.task.strip()) and len(scene.task.split()) <= 8:
        return "greet"
    if reflects(scene):
        return "reflect"
    said = scene.task
    for kind, pattern in ORDERS:
        if re.search(pattern, said, re.IGNORECASE):
            return kind
    planned = {"steps", "plan", "subtasks", "tasks"} & set(
        (scene.ask.schema or {}).get("properties", {})
    )
    if planned:
        return "plan"
    if FINAL.search(said):
        return "answer"
    return standing(scene)


def standing(scene: Scene) -> Intent:
    """Return what the system text makes the reader's office; orders about form are none."""
    system = scene.ask.system
    for kind, role in ROLES.items():
        if re.search(
            rf"\b(?:you are|act as|be) (?:a |an |the )?[\w ]{{0,20}}?{role}", system, re.I
        ):
            return kind
    spoken = any(turn.role == "assistant" and turn.text for turn in scene.ask.turns)
    for kind, pattern in ORDERS:
        about_others = kind in ("judge", "criticise", "vote", "speaker")
        fits = (scene.said or spoken) if about_others else not re.search(r"\banswer", system, re.I)
        if kind != "revise" and fits and re.search(pattern, system, re.IGNORECASE):
            return kind
    return "answer"
