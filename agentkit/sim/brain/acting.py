"""Tools that act or store, told from those that tell: only an order asks for the former.

A request tells a tool's name, description and parameters and not its effect, so words decide.
"""

from __future__ import annotations

import re

from agentkit.sim.brain.schemas import TASK_NAMES, ToolSenses
from agentkit.sim.brain.words import sense, senses, split_identifier

VERBS_OF_ACTION = frozenset(
    """book reserve send order buy pay create delete cancel add write update charge post move
    schedule register open close start stop""".split()
)
ACTIONS = frozenset(map(sense, VERBS_OF_ACTION | {"transfer"}))
ONLY_VERBS = frozenset(
    map(
        sense,
        """send delete cancel create remove reboot restart deploy switch turn toggle pay
    reserve submit publish refund approve assign rename set""".split(),
    )
)
"""With one of these a description begins with what the tool does, whatever its name is."""
VERBS_OF_STORING = frozenset("remember observe store memorize append replace forget".split())
"""A tool named so is for what one is told, not for what one is asked."""


def stores(tool: ToolSenses, question: str) -> bool:
    """Whether a tool would write where only a question was asked."""
    if not question.rstrip().endswith("?"):
        return False
    first = set(tool.description_senses[:1])
    does = first & (ONLY_VERBS | (ACTIONS & set(tool.name_senses)))
    storing = VERBS_OF_STORING & set(tool.offer.name.casefold().split("_"))
    return bool(storing or (does and does - set(senses(question))))


DOING = frozenset(
    """accept activate add allow append apply approve archive assign ban block book buy cancel
    charge clear close confirm create deactivate debit decline delete deliver deploy
    destroy disable discard dispatch drop edit email enable end erase evict execute
    expel fire fix forget grant hire insert install invite issue kill launch lend loan
    lock log mail mark message modify move notify open order overwrite pay play post
    print publish purchase push put reboot refund register reject release remove rename
    renew replace reserve reset restart restore revoke save schedule sell send set
    settle shift shut sign spend start stop store submit subscribe suspend switch
    terminate text toggle transfer trigger turn unlock unsubscribe update upgrade upload
    withdraw write""".split()
)
"""Verbs that say of a tool that it changes something."""
NOUNS = frozenset(
    """book charge close debit drop fire fix grant hire issue invite loan lock log mail mark message
    order pay play post print purchase push refund release schedule set shift sign start stop switch
    text transfer trigger turn update upgrade""".split()
)
"""Those that are nouns as well."""
TELLING = frozenset(
    """a all an another any ask assess at both by calculate call check classify compare compute
    consult convert count decode describe determine do each estimate evaluate every explain fetch
    find for from get give hand handle has have how if in inspect is know knows lets list load
    look measure no of on one parse predict query read recall recommend report retrieve return say
    says search show solve some state suggest sum summarize tell tells test that the these this
    those to translate validate verify what when where whether which who why with work you your
    """.split()
)
"""First words of descriptions of tools that only tell something."""
ALIKE = tuple(
    frozenset(map(sense, group.split()))
    for group in (
        "book reserve", "buy order purchase", "delete remove erase clear destroy drop discard",
        "create make add register insert open", "send mail email message write post text notify",
        "move shift transfer", "pay settle transfer", "cancel revoke call",
        "update change set edit modify write record note", "switch turn set toggle put",
        "start begin run launch", "stop halt end terminate", "lend loan", "close shut",
    )
)  # fmt: skip
"""Verbs by any of which one may order what another one says."""
NO_ORDER = re.compile(
    r"\b(?:no|not|never|cannot|nobody|unless|except|rather than|instead of|refuse|decline|avoid|"
    r"refrain|forbid(?:den)?|prevent|false|wrong|if|whether|until|in case)\b|n['’]t\b",
    re.IGNORECASE,
)
"""What turns an order round, or puts a condition to it that nothing here checks."""
ASKS = re.compile(
    r"\W*(?:is|are|was|were|does|did|has|have|who|whose|whom|what|when|where|which|how|why|"
    r"should|shall|may|might|must|can (?!you\b)|could (?!you\b)|would (?!you\b)|will (?!you\b))",
    re.IGNORECASE,
)
PLEASE = re.compile(r"\W*(?:(?:can|could|would|will) you )?(?:please|kindly)\b", re.IGNORECASE)
VERB_PLACES = re.compile(
    r"(?:^|[.;:,!?\n]|\b(?:and|then|please|kindly|now|also|you to|you|to be|just|first|finally|"
    r"next|tool|use|using|call|run|with))\W*(?=([\w-]+))",
    re.IGNORECASE,
)
"""Where the verb of an order stands: at the start of a clause, or behind what leads to it."""


def verbs_of(tool: ToolSenses) -> set[str]:
    """Return the senses of the verbs by which a tool says that it changes something, or none."""
    first = [word.casefold() for word in split_identifier(tool.offer.name)[:1]]
    begins = [one.casefold() for one in re.findall(r"[A-Za-z]+", tool.offer.description)[:1]]
    noun = nominal(tool)
    # A verb that is not known here may as well be one of reckoning: `Twice a number`.
    says = {one for one in begins if base(one) in DOING and not noun}
    telling = noun or (bool(begins) and begins[0] in TELLING)
    named = {one for one in first if one in DOING and not telling}
    return {sense(base(one)) for one in says | named}


def nominal(tool: ToolSenses) -> bool:
    """Return whether a description begins with a noun: `Order of a member`."""
    hit = re.match(r"\W*([a-z]+) (?:of|by|in|at|from|that|and|number)\b",
                   tool.offer.description, re.IGNORECASE)  # fmt: skip
    return hit is not None and (base(hit[1].casefold()) in NOUNS | {"open"})


def base(word: str) -> str:
    """Return a verb without the ending of the third person: `writes` is write."""
    return word if word in DOING or not word.endswith("s") else (
        word[:-2] if word.endswith("es") and word[:-2] in DOING else word[:-1]
    )  # fmt: skip


def unbidden(tool: ToolSenses, text: str) -> bool:
    """Return whether a tool would change something that a text does not order.

    A question, an order not to, another verb, or an order under a condition orders nothing.
    A tool that is given a whole task in words judges that itself.
    """
    verbs = verbs_of(tool)
    takes_task = len(tool.required) == 1 and tool.required[0].name in TASK_NAMES
    if not verbs or (takes_task and not DOING & set(tool.offer.name.casefold().split("_"))):
        return False
    return not ordered_by(text, verbs, tool.offer.name)


def ordered_by(text: str, verbs: set[str], name: str) -> bool:
    """Return whether a text orders what one of some verbs says, without a but."""
    polite = PLEASE.match(text)
    asked = text.rstrip().endswith("?") or ASKS.match(text)
    if NO_ORDER.search(text) or (asked and not polite):
        return False
    meant = verbs.union(*(group for group in ALIKE if group & verbs))
    said = [hit[1] for hit in VERB_PLACES.finditer(text)]
    return name in said or any(
        sense(word) in meant and not word.casefold().endswith(("ed", "ing")) for word in said
    )
