"""What working out one question takes, and the calls that it makes."""

from __future__ import annotations

from dataclasses import dataclass, field

from agentkit.sim.brain.acting import VERBS_OF_ACTION, unbidden
from agentkit.sim.brain.reading import ReadValue
from agentkit.sim.brain.scene import Result, Scene
from agentkit.sim.brain.schemas import ToolSenses
from agentkit.sim.brain.slips import slip_value
from agentkit.sim.brain.thought import Json, WishedCall
from agentkit.sim.brain.tree import Look, Node
from agentkit.sim.brain.tries import correction, same_call, transient
from agentkit.sim.brain.values import PENDING, AwaitedCall, Value

MAX_TRIES = 3


@dataclass
class Working:
    """What working something out takes: `calls` gathers what has to be called first."""

    scene: Scene
    wanted: str = "any"
    outermost: tuple[Node, ...] = ()
    calls: list[WishedCall] = field(default_factory=list)
    trail: list[str] = field(default_factory=list)
    """The sums that were done, as they are shown."""
    lacking: list[str] = field(default_factory=list)
    """What tools that would fit were not given."""
    tries: bool = True
    """Whether the only tool is tried where nothing says that it can tell."""
    asked: str = ""
    """The sentence that is worked on; without one, the whole question."""

    @property
    def order(self) -> str:
        """Return the text that must order what changes something."""
        return self.asked or self.scene.question

    def forbids(self, tool: ToolSenses) -> bool:
        """Return whether a tool would change what nobody ordered, and note that it is not done."""
        found = unbidden(tool, self.order)
        if found:
            self.lacking.append(
                f"I did not call {tool.offer.name}: it changes something, and that is not ordered "
                "here without a but."
            )
        return found

    def slips(self, label: str, share: float = 1.0) -> bool:
        """Return whether this step goes wrong; only hasty temperaments slip."""
        rate_of_slips = self.scene.temper.slip_rate * share
        return rate_of_slips > 0 and self.scene.dice.draw(label) < rate_of_slips

    def as_read(self, found: ReadValue, node: Look, source: str, mark: str = "") -> Value:
        """Return a found value, perhaps with a slip of reading."""
        data = found.data
        if self.slips(f"read {mark} {node.text}"):
            data = slip_value(self.scene.dice, node.text, found)
        hints = (*found.hints, *node.head)
        return Value(data, found.unit, hints, node.text, source)

    def call(self, tool: ToolSenses, arguments: dict[str, Json]) -> Result | AwaitedCall | str:
        """Return the result of a call made before, PENDING when it is made now, or its error."""
        wish = WishedCall(tool.offer.name, arguments)
        acts = bool(VERBS_OF_ACTION & set(tool.offer.name.casefold().replace("-", "_").split("_")))
        past = [
            r for r in self.scene.results if same_call(r.call, wish) and (r.current or not acts)
        ]
        for result in reversed(past):
            if not result.error:
                return result
        if past:
            if transient(past[-1].text) and len(past) < MAX_TRIES:
                return self.request(wish)
            fixed = correction(past[-1], tool)
            if fixed is None:
                return past[-1].text
            again = [r for r in self.scene.results if same_call(r.call, fixed)]
            good = [r for r in again if not r.error]
            if good or again:
                return good[-1] if good else again[-1].text
            return self.request(fixed)
        return self.request(wish)

    def request(self, wish: WishedCall) -> AwaitedCall:
        """Note a call to be made."""
        if not any(same_call(call, wish) for call in self.calls):
            self.calls.append(wish)
        return PENDING
