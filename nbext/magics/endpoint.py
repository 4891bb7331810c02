"""%endpoint and %budget: who answers, and what it may cost."""

from __future__ import annotations

from typing import Any

from agentkit.amounts import count, money
from agentkit.endpoints import keys
from agentkit.endpoints.connect import connect
from agentkit.endpoints.providers import PROVIDERS
from nbext.magics.base import Magic
from nbext.options import Grammar, Line, number
from nbext.session import Session
from nbext.stacks import left_of, stacks
from nbext.table import Table, TableGroup, Told

USE = Grammar(magic="%endpoint", usage="[MODEL]", takes=("MODEL",), most=1)
SPEND = Grammar(magic="%budget", usage="[USD | off]", most=1)


async def endpoint(session: Session, line: Line, body: str | None) -> Any:
    """Show which models can be used, and what is around those in use; or make MODEL the default.

    Examples:
        %endpoint openai:gpt-5-mini
        %endpoint sim:careful
        %endpoint local:smollm2-135m

    It holds for agents defined from now on: run the %%agent cells again to move the others.
    """
    if line.words:
        model = connect(line.words[0])
        if model.name.startswith("local:"):
            from agentkit.local.catalogue import weights_of
            from agentkit.local.shared import served

            # Now, where its bar is seen, and not in the midst of the first answer.
            await served(weights_of(model.name.removeprefix("local:")))
        session.use_model(model.name)
        if model.name.startswith("sim:"):
            session.start_simulation()
        return Told(
            text=f"Agents defined from now on use {model.name}. Run %%agent cells again to move"
            " the others."
        )
    rows = [
        ("sim:…", "simulated, on this machine", "none needed", ""),
        ("local:…", "a language model on this machine", "none needed", ""),
    ]
    for name, provider in PROVIDERS.items():
        known = keys.setting(provider.key) if provider.key else None
        key = (
            "none needed" if not provider.key else f"{provider.key} {'set' if known else 'not set'}"
        )
        rows.append((f"{name}:…", provider.where or provider.base_url, key, ""))
    shown = [(name, where, key) for name, where, key, _ in rows]
    listed = Table(
        head=("model", "endpoint", "key"),
        rows=tuple(shown),
        note=f"Agents without --model use {session.model}. Another: %endpoint MODEL",
    )
    around = stacks(session.actors())
    return TableGroup(parts=(listed, around)) if around.rows else listed


def budget(session: Session, line: Line, body: str | None) -> Told:
    """Set what each ask may cost from now on, in USD; without a number, show what was spent.

    Examples:
        %budget 0.05
        %budget off
    """
    if line.words:
        off = line.words[0] == "off"
        session.budget_usd = None if off else number(SPEND, "The budget", line.words[0])
    mine = [info for info in session.log.runs() if session.mine(info)]
    known = sum(info.cost_usd or 0.0 for info in mine)
    unknown = sum(1 for info in mine if info.cost_usd is None)
    spent = money(known) + (f" and {unknown} of unknown price" if unknown else "")
    bound = "no budget" if session.budget_usd is None else f"{money(session.budget_usd)} per ask"
    runs = f"{count(len(mine))} run{'' if len(mine) == 1 else 's'}"
    text = f"Budget: {bound}. Spent in this kernel: {spent} in {runs}."
    return Told(text=" ".join([text, *left_of(session.actors())]))


ENDPOINT = Magic("endpoint", "line", USE, endpoint)
BUDGET = Magic("budget", "line", SPEND, budget, sets=True)
