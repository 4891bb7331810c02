"""%why: who produced, checked and approved what an answer says."""

from __future__ import annotations

from agentkit.answer import Answer
from agentkit.errors import SetupError
from agentkit.pictures.why import WhyPicture
from agentkit.views.why import why as chain
from nbext.magics.base import Magic
from nbext.magics.views import Still, chosen
from nbext.options import Grammar, Line, Option
from nbext.session import Session


def why(session: Session, line: Line, body: str | None) -> Still:
    """Show why an answer is what it is: who said it, from what, who checked and approved it.

    ANSWER is a variable that an ask was bound to; without one it is the last run's answer.
    `--said "words"` asks about what somebody said on the way. Each line has the number of its
    event, for %events and %fork.
    """
    said = line.one("--said")
    value = session.namespace.get(line.words[0]) if line.words else None
    if isinstance(value, Answer):
        if not value.run_id:
            raise SetupError(
                f"{line.words[0]} is an Answer of no run.", expected="what an ask returned"
            )
        found = chain(
            session.log,
            value.run_id,
            actor="" if said else value.actor,
            text=said or value.text,
        )
    else:
        run = chosen(session, line)[-1]
        named = line.words[0] if line.words and line.words[0] in session.actors() else ""
        found = chain(session.log, run, actor="" if said else named, text=said)
    return Still(WhyPicture(found))


SAID = Option(name="--said", value="WORDS", help="about what somebody said on the way")
WHY = Magic(
    "why",
    "line",
    Grammar(
        magic="%why",
        usage="[ANSWER | RUN | ACTOR]",
        options=(SAID,),
        takes=("RUN|ACTOR",),
        most=1,
    ),
    why,
)
