"""A support desk of our own, in the forms of tau-bench and tau2-bench, for use without a network.

Bookings of berths, which a desk looks up, cancels and moves; and a beacon on the customer's ship,
which the desk sees only once it sends on the right channel. The tasks lie in `mini/`, as official
ones do.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

from agentkit.messages import canonical, digest

POLICY = """You serve the berth desk of a small port. Look a booking up before you change it.
A booking may be cancelled, or moved to a free berth, while its status is "booked"; a ship that is
berthed or has left is not yours to change: hand the customer over to a person. Say what a
cancellation pays back: all of the dues. Register an arrival only when the ship's beacon is seen."""

DATABASE: dict[str, Any] = {
    "bookings": {
        "B1": {"ship": "Heron", "berth": "3", "dues": 1200, "status": "booked"},
        "B2": {"ship": "Gannet", "berth": "1", "dues": 800, "status": "berthed"},
        "B3": {"ship": "Curlew", "berth": "4", "dues": 450, "status": "booked"},
    },
    "berths": {"1": "taken", "2": "free", "3": "taken", "4": "taken", "5": "free"},
}

CHANNEL = 16
"""On which the port listens."""


def find_booking(data: dict[str, Any], booking_id: str) -> dict[str, Any]:
    """Look a booking up."""
    if booking_id not in data["bookings"]:
        raise ValueError(f"there is no booking {booking_id}")
    found: dict[str, Any] = data["bookings"][booking_id]
    return dict(found)


def free_berths(data: dict[str, Any]) -> list[str]:
    """List the berths that are free."""
    return sorted(name for name, state in data["berths"].items() if state == "free")


def changeable(data: dict[str, Any], booking_id: str) -> dict[str, Any]:
    """Return a booking that may be changed."""
    find_booking(data, booking_id)
    found: dict[str, Any] = data["bookings"][booking_id]
    if found["status"] != "booked":
        raise ValueError(f"booking {booking_id} is {found['status']}")
    return found


def cancel_booking(data: dict[str, Any], booking_id: str, reason: str) -> str:
    """Cancel a booking, and pay its dues back."""
    found = changeable(data, booking_id)
    found |= {"status": "cancelled", "reason": reason}
    data["berths"][found["berth"]] = "free"
    return f"cancelled; {found['dues']} are paid back"


def move_booking(data: dict[str, Any], booking_id: str, berth: str) -> str:
    """Move a booking to another berth, which must be free."""
    found = changeable(data, booking_id)
    if data["berths"].get(berth) != "free":
        raise ValueError(f"berth {berth} is not free")
    data["berths"][found["berth"]], data["berths"][berth] = "free", "taken"
    found["berth"] = berth
    return f"moved to berth {berth}"


def register_arrival(data: dict[str, Any], booking_id: str) -> str:
    """Register that a ship has arrived; its beacon must be seen."""
    found = changeable(data, booking_id)
    if not data.get("beacon_seen"):
        raise ValueError("the beacon of the ship is not seen")
    found["status"] = "berthed"
    return "registered"


def transfer_to_human_agents(data: dict[str, Any], summary: str) -> str:
    """Hand the customer over to a person."""
    return "handed over"


def check_beacon(data: dict[str, Any]) -> dict[str, Any]:
    """Look at the beacon of your ship: its power and its channel."""
    return dict(data["beacon"])


def switch_beacon(data: dict[str, Any], power: str) -> str:
    """Switch the beacon "on" or "off"."""
    if power not in ("on", "off"):
        raise ValueError("on or off")
    data["beacon"]["power"] = power
    return f"the beacon is {power}"


def set_channel(data: dict[str, Any], channel: int) -> str:
    """Set the channel on which the beacon sends."""
    data["beacon"]["channel"] = channel
    return f"the beacon sends on channel {channel}"


def beacon_is(data: dict[str, Any], power: str, channel: int) -> bool:
    """Return whether the beacon is so; for assertions, and no tool."""
    return bool(data["beacon"] == {"power": power, "channel": channel})


def set_beacon(data: dict[str, Any], power: str, channel: int) -> None:
    """Prepare a scene; no tool."""
    data["beacon"] = {"power": power, "channel": channel}


def set_status(data: dict[str, Any], booking_id: str, status: str) -> None:
    """Prepare a scene; no tool."""
    data["bookings"][booking_id]["status"] = status


TEXT, WHOLE = {"type": "string"}, {"type": "integer"}

DESK: dict[Callable[..., Any], dict[str, Any]] = {
    find_booking: {"booking_id": TEXT},
    free_berths: {},
    cancel_booking: {"booking_id": TEXT, "reason": TEXT},
    move_booking: {"booking_id": TEXT, "berth": TEXT},
    register_arrival: {"booking_id": TEXT},
    transfer_to_human_agents: {"summary": TEXT},
}
SHIP: dict[Callable[..., Any], dict[str, Any]] = {
    check_beacon: {},
    switch_beacon: {"power": TEXT},
    set_channel: {"channel": WHOLE},
}
"""Tools of the desk, and of the customer, with their parameters."""


def described(tool: Callable[..., Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a tool as models are told of it."""
    needs = {"type": "object", "properties": parameters, "required": list(parameters)}
    return {
        "type": "function",
        "function": {
            "name": tool.__name__,
            "description": (tool.__doc__ or "").strip(),
            "parameters": needs,
        },
    }


class Official:
    """A tool as tau-bench has them."""

    def __init__(self, tool: Callable[..., Any], parameters: dict[str, Any]) -> None:
        self.tool, self.parameters = tool, parameters

    def get_info(self) -> dict[str, Any]:
        """Return what models are told of it."""
        return described(self.tool, self.parameters)

    def invoke(self, data: dict[str, Any], **given: Any) -> Any:
        """Call it on a database."""
        return self.tool(data, **given)


class Tau2Tool:
    """A tool as tau2-bench tells of it."""

    def __init__(self, tool: Callable[..., Any], parameters: dict[str, Any]) -> None:
        self.name, self.openai_schema = tool.__name__, described(tool, parameters)


class Kit:
    """Tools of one side on its database, as tau2-bench has them."""

    def __init__(
        self,
        db: dict[str, Any],
        tools: Mapping[Callable[..., Any], dict[str, Any]],
        others: tuple[Callable[..., Any], ...] = (),
    ) -> None:
        self.db, self.known = db, {one.__name__: (one, how) for one, how in tools.items()}
        self.others = {one.__name__: one for one in others}

    def get_tools(self, include: Any = None) -> dict[str, Tau2Tool]:
        """Return what models are told of."""
        return {name: Tau2Tool(*one) for name, one in self.known.items()}

    def update_db(self, new: Mapping[str, Any]) -> None:
        """Change what a scene changes."""
        merge(self.db, new)

    def use_tool(self, tool_name: str, **given: Any) -> Any:
        """Call a tool.

        Raises:
            ValueError: there is none of that name.
        """
        if tool_name not in self.known:
            raise ValueError(f"Tool '{tool_name}' not found.")
        return self.known[tool_name][0](self.db, **given)

    def __getattr__(self, name: str) -> Any:
        known = self.__dict__.get("known", {})
        found = known[name][0] if name in known else self.__dict__.get("others", {}).get(name)
        if found is None:
            raise AttributeError(name)
        return partial(found, self.db)


def merge(into: dict[str, Any], new: Mapping[str, Any]) -> None:
    """Put values into a tree of values."""
    for key, value in new.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = copy.deepcopy(value)


class Tau2Environment:
    """An environment as tau2-bench has them."""

    def __init__(self) -> None:
        self.policy = POLICY
        self.tools = Kit(copy.deepcopy(DATABASE), DESK, (set_status,))
        beacon = {"beacon": {"power": "on", "channel": CHANNEL}}
        self.user_tools = Kit(beacon, SHIP, (beacon_is, set_beacon))
        self.sync_tools()

    def make_tool_call(
        self, tool_name: str, requestor: Literal["user", "assistant"] = "assistant", **given: Any
    ) -> Any:
        """Call a tool of a side."""
        return (self.user_tools if requestor == "user" else self.tools).use_tool(tool_name, **given)

    def sync_tools(self) -> None:
        """Let the desk see of the beacon what it can see."""
        beacon = self.user_tools.db["beacon"]
        self.tools.db["beacon_seen"] = beacon == {"power": "on", "channel": CHANNEL}

    def get_db_hash(self) -> str:
        """Return the digest of the desk's database."""
        return digest(canonical(self.tools.db))

    def get_user_db_hash(self) -> str:
        """Return the digest of the ship's."""
        return digest(canonical(self.user_tools.db))


def load() -> dict[str, Any]:
    """Return the desk's database as it is at the beginning."""
    return copy.deepcopy(DATABASE)


def official_tools() -> list[Official]:
    """Return the tools of the desk as tau-bench has them; that of the beacon is not there."""
    return [Official(one, how) for one, how in DESK.items() if one is not register_arrival]


def rows(name: str) -> Any:
    """Return what a file of ours in `mini/` holds."""
    path = Path(__file__).with_name("mini") / name
    return json.loads(path.read_text(encoding="utf-8"))
