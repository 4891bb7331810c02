"""The bill as people see it: a row for each actor and each model, and what the table leaves out."""

from __future__ import annotations

from agentkit.amounts import count, money, seconds
from agentkit.pictures.picture import Picture
from agentkit.pictures.svg import FONT, clean
from agentkit.pictures.table import Rows, html_table, markdown_table, table_svg, text_table
from agentkit.views.ledger import Account, Ledger, percentile
from agentkit.words import UNREAD, for_line


class LedgerPicture(Picture[Ledger]):
    """What a run, or several, cost, as a table."""

    of = Ledger

    def rows(self) -> Rows:
        """The bill as text: a head, one row per actor and per model, and the total."""
        head = ["", "calls", "tokens in", "cached", "out", "cost", "p50", "p95"]
        view = self.view
        several = [*view.listed(view.actors), *view.listed(view.models)]
        return [head, *(row(account) for account in [*several, view.total])]

    def remarks(self) -> list[str]:
        """What the table does not show: savings, failures, unknown prices."""
        total, found = self.view.total, []
        if self.view.latest is not None:
            found.append(
                f"Since the last resume: {brief(self.view.latest)}. The table has the whole run."
            )
        if total.saved_steps:
            amount = f", worth {money(total.saved_usd)}" if total.saved_usd is not None else ""
            tokens = count(total.saved.tokens_in + total.saved.tokens_out)
            found.append(
                f"Reused steps, not paid again: {total.saved_steps} ({tokens} tokens{amount})."
            )
        if total.failed:
            found.append(f"Failed steps: {total.failed}.")
        if total.unpriced:
            found.append(f"Calls of unknown price, not in the sum: {total.unpriced}.")
        return found

    def __str__(self) -> str:
        return "\n".join([*text_table(self.rows(), right=range(1, 8)), *self.remarks()])

    def to_markdown(self) -> str:
        """The bill as a Markdown table."""
        return "\n\n".join(
            [markdown_table(self.rows(), last_bold=True), *map(for_line, self.remarks())]
        )

    def to_html(self) -> str:
        """The bill as an HTML table."""
        notes = "".join(f"<p style='margin:4px 0'>{clean(line)}</p>" for line in self.remarks())
        sections = {1: "actors", 1 + len(self.view.actors): "models"}
        table = html_table(self.rows(), sections=sections)
        return (
            f'<div class="{UNREAD}" style="font-family:{FONT};font-size:13px">{table}{notes}</div>'
        )

    def to_svg(self) -> str:
        """The bill as a picture, for readers that show neither HTML nor Markdown."""
        return table_svg(self.rows(), "Bill", self.remarks())


def brief(account: Account) -> str:
    """An account in a few words."""
    usage = account.usage
    tokens = f"{count(usage.tokens_in)} + {count(usage.tokens_out)} tokens"
    cost = account.cost_usd if account.unpriced else account.cost_usd or 0.0
    calls = "1 call" if usage.calls == 1 else f"{count(usage.calls)} calls"
    return f"{calls}, {tokens}, {money(cost, account.unpriced)}"


def row(account: Account) -> list[str]:
    """An account as the cells of a row."""
    usage = account.usage
    return [
        account.name,
        count(usage.calls),
        count(usage.tokens_in),
        count(usage.tokens_cached),
        count(usage.tokens_out),
        money(account.cost_usd, account.unpriced),
        seconds(percentile(account.latencies_s, 0.5)),
        seconds(percentile(account.latencies_s, 0.95)),
    ]
