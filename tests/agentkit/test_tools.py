"""Tools: schema from the signature, arguments checked, any result or failure survived."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import keyword
import math
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from datetime import date
from enum import Enum
from functools import partial
from typing import Annotated, Any, Literal

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field, Json, SecretStr, computed_field

from agentkit.errors import ToolError
from agentkit.messages import canonical
from agentkit.tools import BadArguments, Tool, tool, tools_by_name


class Cargo(Enum):
    GRAIN = "grain"
    OIL = "oil"


class Berth(BaseModel):
    name: str
    depth_m: float


@tool(effect="pure")
def dues(port: str, tonnes: float = 1.0, cargo: Cargo = Cargo.GRAIN) -> float:
    """Harbour dues in EUR.

    Args:
        port: where, such as
            Amber.
        tonnes: how much.

    Returns:
        EUR.
    """
    return tonnes * len(port)


def test_the_schema_comes_from_annotations_and_docstring() -> None:
    assert dues.name == "dues"
    assert dues.description.startswith("Harbour dues in EUR.")
    assert "where, such as" not in dues.description
    properties = dues.parameters["properties"]
    assert properties["port"] == {"type": "string", "description": "where, such as Amber."}
    assert properties["tonnes"]["type"] == "number"
    assert dues.parameters["required"] == ["port"]
    assert dues.parameters["additionalProperties"] is False


def test_a_tool_is_still_the_function() -> None:
    assert dues("abc", 2.0) == 6.0


def test_a_tool_can_be_declared_anew() -> None:
    again = tool(effect="pure", timeout_s=1)(dues)
    assert (again.name, again.effect, again.timeout_s) == (dues.name, "pure", 1)
    assert again("Amber", 3) == dues("Amber", 3)


def test_a_tool_is_careful_by_default() -> None:
    def pay() -> None:
        """Pay."""

    assert tool(pay).effect == "once"
    assert tool(tool(pay)).fn is pay


@pytest.mark.parametrize(
    "arguments, said",
    [
        ("[1]", "dictionary"),
        ("nonsense", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"tonnes": 2}', "port"),
        ('{"port": 3}', "port"),
        ('{"port": "a", "tonnes": "x"}', "tonnes"),
        ('{"port": "a", "cargo": "gold"}', "grain"),
        ('{"port": "a", "weight": 1}', "weight"),
    ],
)
def test_bad_arguments_name_what_is_wrong(arguments: str, said: str) -> None:
    with pytest.raises(BadArguments, match=said):
        dues.check(arguments)


@given(st.text(max_size=40))
def test_any_arguments_are_accepted_or_refused_and_nothing_else(text: str) -> None:
    try:
        checked = dues.check(text)
    except BadArguments:
        return
    assert checked["port"] is not None


def test_arguments_that_were_not_given_stay_out_of_the_identity() -> None:
    assert dues.check('{"port": "a"}') == {"port": "a"}
    assert dues.check('{"port": "a", "cargo": "oil"}') == {"port": "a", "cargo": "oil"}


async def test_arguments_reach_the_function_as_their_types() -> None:
    seen: list[Any] = []

    @tool(effect="pure")
    def book(berth: Berth, day: date, cargo: Cargo, n: Annotated[int, Field(gt=0)] = 1) -> None:
        """Book."""
        seen.extend([berth, day, cargo, n])

    text = '{"berth": {"name": "a", "depth_m": 3}, "day": "2026-01-02", "cargo": "oil"}'
    assert await book.perform(book.check(text)) is None
    assert seen == [Berth(name="a", depth_m=3), date(2026, 1, 2), Cargo.OIL, 1]


@dataclasses.dataclass
class Point:
    x: int


@pytest.mark.parametrize(
    "result, expected",
    [
        (None, None),
        ((1, 2), [1, 2]),
        ({1: "a", None: "b"}, {"1": "a", "None": "b"}),
        (Point(1), {"x": 1}),
        (Berth(name="a", depth_m=1), {"name": "a", "depth_m": 1.0}),
        (math.nan, "NaN"),
        ({"x": [math.inf]}, {"x": ["Infinity"]}),
        ("\ud800", "\ufffd"),
        ("nul \0", "nul \0"),
        (date(2026, 1, 2), "2026-01-02"),
    ],
)
async def test_results_become_json(result: object, expected: object) -> None:
    @tool(effect="pure")
    def give() -> object:
        """Give."""
        return result

    assert await give.perform({}) == expected


def looped() -> list[Any]:
    inner: list[Any] = []
    inner.append(inner)
    return inner


@pytest.mark.parametrize("make", [object, looped, lambda: sys])
async def test_a_result_that_is_no_json_is_a_tool_error(make: Callable[[], object]) -> None:
    @tool(effect="pure")
    def give() -> object:
        """Give."""
        return make()

    with pytest.raises(ToolError, match="not a JSON value"):
        await give.perform({})


async def test_a_hanging_tool_is_left_at_its_timeout() -> None:
    release = threading.Event()

    @tool(effect="pure", timeout_s=0.05)
    def hang() -> None:
        """Hang."""
        release.wait(30)

    @tool(effect="pure", timeout_s=0.05)
    async def hang_too() -> None:
        """Hang."""
        await asyncio.Event().wait()

    try:
        for one in (hang, hang_too):
            with pytest.raises(ToolError, match=r"within 0\.05 s"):
                await asyncio.wait_for(one.perform({}), 5)
    finally:
        release.set()


def test_a_hung_tool_does_not_keep_the_process_from_ending() -> None:
    code = (
        "import asyncio, threading\n"
        "from agentkit import tool\n"
        "def hang() -> None:\n"
        "    'Hang.'\n"
        "    threading.Event().wait()\n"
        "try:\n"
        "    asyncio.run(tool(timeout_s=0.02)(hang).perform({}))\n"
        "except Exception as error:\n"
        "    print(error.what)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stdout == "hang did not return within 0.02 s; what it does may still happen.\n"
    assert (done.returncode, done.stderr) == (0, "")


async def test_tools_that_hang_take_no_places_of_others() -> None:
    release, count = threading.Event(), 100

    @tool(effect="pure", timeout_s=0.2)
    def hang() -> None:
        """Hang."""
        release.wait(30)

    @tool(effect="pure", timeout_s=5)
    def quick() -> str:
        """Return at once."""
        return "here"

    try:
        hung = [hang.perform({}) for _ in range(count)]
        failed = await asyncio.gather(*hung, return_exceptions=True)
        assert all(isinstance(one, ToolError) for one in failed)
        assert await quick.perform({}) == "here"
    finally:
        release.set()


async def test_a_once_tool_that_is_late_is_not_said_to_have_failed() -> None:
    @tool(effect="once", timeout_s=0.01)
    async def pay() -> None:
        """Pay."""
        await asyncio.sleep(60)

    with pytest.raises(ToolError, match="may still happen"):
        await pay.perform({})


async def test_a_timeout_of_the_tools_own_is_not_taken_for_ours() -> None:
    @tool(effect="pure", timeout_s=5)
    def give_up() -> None:
        """Give up."""
        raise TimeoutError("the crane")

    with pytest.raises(TimeoutError, match="the crane"):
        await give_up.perform({})


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_tool_cannot_end_the_process(is_async: bool) -> None:
    def leave() -> None:
        """Leave."""
        sys.exit(3)

    async def leave_async() -> None:
        """Leave."""
        sys.exit(3)

    made = tool(leave_async if is_async else leave)
    with pytest.raises(ToolError, match=r"exit\(3\)"):
        await made.perform({})


async def test_a_stop_iteration_does_not_hang() -> None:
    @tool(effect="pure", timeout_s=None)
    def empty() -> int:
        """Take the next of nothing."""
        return next(iter([]))

    with pytest.raises(RuntimeError, match="StopIteration"):
        await asyncio.wait_for(empty.perform({}), 5)


async def test_synchronous_tools_overlap() -> None:
    both = threading.Barrier(2, timeout=5)

    @tool(effect="pure")
    def meet() -> str:
        """Meet the other call."""
        both.wait()
        return "met"

    assert await asyncio.gather(meet.perform({}), meet.perform({})) == ["met", "met"]


def test_what_cannot_be_a_tool_says_why() -> None:
    def mute(x: int) -> int:
        return x

    def stars(*args: int) -> int:
        """Add."""
        return sum(args)

    def strange(x: threading.Thread) -> None:
        """Run."""

    def forward(x: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
        """Run."""

    def fine() -> None:
        """Do."""

    for function, why in [
        (mute, "no docstring"),
        (stars, "cannot be offered"),
        (strange, "no JSON schema"),
        (forward, "Nowhere"),
    ]:
        with pytest.raises(ToolError, match=why):
            tool(function)
    with pytest.raises(ToolError, match="'twice'"):
        tool(effect="twice")(fine)  # type: ignore[call-overload]
    with pytest.raises(ToolError, match="a b"):
        tool(name="a b")(fine)
    with pytest.raises(ToolError, match="Two tools"):
        tools_by_name([fine, fine])


def test_approval_may_depend_on_the_arguments() -> None:
    def pay(eur: float) -> None:
        """Pay."""

    made: Tool = tool(approve=lambda arguments: arguments["eur"] > 100)(pay)
    assert made.needs_approval({"eur": 101})
    assert not made.needs_approval({"eur": 1})
    assert not tool(pay).needs_approval({"eur": 1e9})


def test_literals_and_optional_parameters_have_a_schema() -> None:
    @tool(effect="pure")
    def find(kind: Literal["ship", "berth"], name: str | None = None) -> None:
        """Find."""

    assert find.parameters["properties"]["kind"]["enum"] == ["ship", "berth"]
    assert find.check('{"kind": "ship", "name": null}') == {"kind": "ship", "name": None}
    assert find.signature == "find(kind, name)"


class Leg(BaseModel):
    start: str = Field(alias="from")
    to: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def miles(self) -> int:
        return len(self.start) + len(self.to)


async def test_what_validates_runs_once_and_its_objects_arrive() -> None:
    validated: list[str] = []

    def counted(text: str) -> str:
        validated.append(text)
        return f"{text}!"

    seen: list[Any] = []

    @tool(effect="once")
    def book(
        leg: Leg,
        legs: list[Leg],
        word: Annotated[str, AfterValidator(counted)],
        plan: Json[list[int]],
        key: SecretStr,
    ) -> None:
        """Book."""
        seen.extend([leg, legs, word, plan, key])

    way = '{"from": "Amber", "to": "Briar"}'
    given = f'"leg": {way}, "legs": [{way}], "word": "a", "plan": "[1]", "key": "hunter2"'
    checked = book.check(f"{{{given}}}")
    await book.perform(checked)
    assert validated == ["a"]
    assert [seen[0].start, seen[1][0].to, seen[2], seen[3]] == ["Amber", "Briar", "a!", [1]]
    assert seen[4].get_secret_value() == "hunter2"
    assert checked["leg"] == {"from": "Amber", "to": "Briar"}
    assert "hunter2" not in str(checked)
    assert json.loads(json.dumps(checked)) == checked


def test_calls_differ_by_what_the_model_wrote_also_where_it_is_hidden() -> None:
    @tool(effect="once")
    def log_in(key: SecretStr, tags: frozenset[str] = frozenset()) -> None:
        """Log in."""

    one, other = log_in.check('{"key": "a"}'), log_in.check('{"key": "b"}')
    assert one == other
    assert one.asked != other.asked
    assert log_in.check('{"tags": ["x", "y"], "key": "a"}').asked == canonical(
        {"key": "a", "tags": ["x", "y"]}
    )


def test_keyword_order_is_the_signatures() -> None:
    @tool(effect="pure")
    def order(zinc: int, amber: int, model: int = 3, briar: int = 4) -> None:
        """Order."""

    checked = order.check('{"briar": 1, "amber": 2, "zinc": 3}')
    assert list(checked.objects) == ["zinc", "amber", "briar"]


ODD = ["model_config", "schema", "json", "copy", "_private", "__dunder__", "self", "cls", "fields"]
ODD += ["model_fields", "model_dump", "validate", "dict", "construct", "model_", "p1", "p0", "é"]


@pytest.mark.parametrize("name", ODD)
async def test_a_parameter_may_have_any_name(name: str) -> None:
    names: dict[str, Any] = {}
    exec(f"def configure({name}: str, level: int = 1):\n 'Configure.'\n return {name}", names)
    made = tool(effect="pure")(names["configure"])
    assert list(made.parameters["properties"]) == [name, "level"]
    assert made.parameters["required"] == [name]
    assert await made.perform(made.check(json.dumps({name: "small"}))) == "small"
    with pytest.raises(BadArguments, match=name):
        made.check('{"level": 2}')


def test_descriptions_bounds_and_defaults_survive_in_every_form() -> None:
    @tool(effect="pure")
    def dues(
        port: Annotated[str, Field(description="as pilots say", min_length=2)],
        tonnes: Annotated[float, Field(description="its load", gt=0)] = 30.0,
        night: bool = Field(False, description="after dark"),
        draught: int = Field(5, ge=1),
        flag: Annotated[str, Field(default="none")] = "none",
        berth: Annotated[str, "which berth"] = "",
    ) -> None:
        """Harbour dues.

        Args:
            port: where.
            draught: in metres.
        """

    found = dues.parameters["properties"]
    assert found["port"] == {
        "type": "string",
        "minLength": 2,
        "description": "as pilots say\nwhere.",
    }
    assert found["tonnes"]["description"] == "its load"
    assert (found["tonnes"]["default"], found["tonnes"]["exclusiveMinimum"]) == (30.0, 0)
    assert (found["night"]["default"], found["night"]["description"]) == (False, "after dark")
    assert found["draught"] == {
        "default": 5,
        "minimum": 1,
        "type": "integer",
        "description": "in metres.",
    }
    assert found["berth"]["description"] == "which berth"
    assert dues.parameters["required"] == ["port"]


async def test_defaults_given_by_a_field_arrive() -> None:
    nothing = object()

    @tool(effect="pure")
    def give(
        a: int = Field(5),
        b: Annotated[list[int], Field(default_factory=list)] = Field(default_factory=list),  # noqa: B008
        c: Any = nothing,
        key: SecretStr = SecretStr("s"),  # noqa: B008
    ) -> list[Any]:
        """Give."""
        return [a, b, c is nothing, key.get_secret_value()]

    assert await give.perform({}) == [5, [], True, "s"]
    assert "default" not in give.parameters["properties"]["key"]


async def test_a_validator_that_fails_in_its_own_way_is_told_to_the_model() -> None:
    def broken(text: str) -> str:
        raise KeyError(text)

    @tool(effect="pure")
    def look(port: Annotated[str, AfterValidator(broken)]) -> None:
        """Look."""

    with pytest.raises(BadArguments, match="KeyError"):
        look.check('{"port": "Amber"}')


class Desk:
    """A desk."""

    def __init__(self, fee: int) -> None:
        self.fee = fee

    @tool(effect="pure")
    def total(self, dues: int) -> int:
        """Dues and the fee."""
        return dues + self.fee

    @tool(effect="pure")
    async def later(self: Desk, dues: int) -> int:
        """The same, later."""
        return dues + self.fee

    @tool(effect="pure")
    @staticmethod
    def twice(dues: int) -> int:
        """Twice."""
        return 2 * dues

    @staticmethod
    @tool(effect="pure")
    def thrice(dues: int) -> int:
        """Thrice."""
        return 3 * dues

    @tool(effect="pure")
    @classmethod
    def title(cls, dues: int) -> str:
        """Title."""
        return f"{cls.__name__} {dues}"

    @classmethod
    @tool(effect="pure")
    def heading(cls, dues: int) -> str:
        """Heading."""
        return f"{cls.__name__} {dues}"

    def plain(self, dues: int) -> int:
        """Plain."""
        return dues - self.fee

    def __call__(self, dues: int) -> int:
        """Call it."""
        return dues * self.fee


class Bureau(Desk):
    """A desk of another kind."""


@pytest.mark.parametrize(
    "get, result",
    [
        (lambda: Desk(5).total, 105),
        (lambda: Bureau(6).total, 106),
        (lambda: Desk(5).later, 105),
        (lambda: Desk(5).twice, 200),
        (lambda: Desk.thrice, 300),
        (lambda: Desk(5).title, "Desk 100"),
        (lambda: Bureau.title, "Bureau 100"),
        (lambda: Bureau(1).heading, "Bureau 100"),
        (lambda: Desk(5).plain, 95),
        (lambda: Desk(5), 500),
        (lambda: partial(Desk(5).plain), 95),
        (lambda: partial(dues_and, fee=7), 107),
        (lambda: partial(dues_and, fee=7).func, 101),
    ],
)
async def test_methods_partials_and_objects_are_tools(
    get: Callable[[], Any], result: object
) -> None:
    (made,) = tools_by_name([get()]).values()
    assert list(made.parameters["properties"])[:1] == ["dues"]
    assert "self" not in made.parameters["properties"]
    assert made.description.strip() and "partial(" not in made.description
    assert await made.perform(made.check('{"dues": 100}')) == result


def dues_and(dues: int, fee: int = 1) -> int:
    """Dues and a fee."""
    return dues + fee


async def test_an_iterable_arrives_unused() -> None:
    @tool(effect="pure")
    def total(dues: Iterable[int]) -> int:
        """Add."""
        return sum(dues)

    checked = total.check('{"dues": [1, 2]}')
    assert checked == {"dues": [1, 2]}
    assert await total.perform(checked) == 3
    with pytest.raises(BadArguments, match="valid integer"):
        total.check('{"dues": ["x"]}')


async def test_a_validator_may_make_any_object() -> None:
    @tool(effect="once")
    def moor(
        berth: Annotated[str, AfterValidator(lambda name: threading.Thread(name=name))],
    ) -> str:
        """Moor."""
        return berth.name  # type: ignore[attr-defined, no-any-return]

    checked = moor.check('{"berth": "North"}')
    assert checked == {"berth": "North"}
    assert await moor.perform(checked) == "North"


def test_what_a_partial_has_bound_is_not_the_models_to_choose() -> None:
    made = tool(effect="pure")(partial(dues_and, fee=7))
    assert (made.name, list(made.parameters["properties"])) == ("dues_and", ["dues"])
    with pytest.raises(BadArguments, match="fee"):
        made.check('{"dues": 1, "fee": 0}')


def test_a_method_without_its_object_is_refused() -> None:
    assert Desk.total(Desk(5), 1) == 6
    for unbound in (Desk.total, Desk.__dict__["total"]):
        with pytest.raises(ToolError, match="total is a method"):
            tools_by_name([unbound])


def test_types_of_the_function_around_are_found() -> None:
    class Crane(BaseModel):
        lifts_t: float

    @tool(effect="pure")
    def lift(crane: Crane) -> None:
        """Lift."""

    assert lift.parameters["$defs"]["Crane"]["required"] == ["lifts_t"]


class Opaque:
    def __repr__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("value", [object(), Opaque(), looped(), b"\xff", numpy.int64(7), sys])
async def test_a_once_tool_that_did_its_work_has_not_failed(value: object) -> None:
    @tool(effect="once")
    def pay() -> object:
        """Pay."""
        return value

    result = await pay.perform({})
    assert json.loads(json.dumps(result)) == result
    assert result == 7 or result == "_w==" or "pay is done. It returned a" in result


async def test_generators_are_collected_where_they_run() -> None:
    @tool(effect="pure")
    def rows() -> Any:
        """Rows."""
        yield threading.current_thread().name

    @tool(effect="pure")
    async def more() -> Any:
        """More."""
        yield 1
        yield 2

    assert await rows.perform({}) == ["agentkit-tool"]
    assert await more.perform({}) == [1, 2]


async def test_what_a_library_cancels_inside_of_a_tool_is_its_failure() -> None:
    @tool(effect="pure")
    async def fetch() -> str:
        """Fetch."""
        work = asyncio.ensure_future(asyncio.Event().wait())
        asyncio.get_running_loop().call_soon(work.cancel)
        await work
        return "page"

    with pytest.raises(ToolError, match="cancelled"):
        await fetch.perform({})
    asking = asyncio.ensure_future(hang_for_ever.perform({}))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


@tool(effect="pure")
async def hang_for_ever() -> None:
    """Hang."""
    await asyncio.Event().wait()


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(
            lambda name: not keyword.iskeyword(name)
        ),
        st.sampled_from([int, str, float, bool, list[int], dict[str, int], int | None, set[str]]),
        max_size=6,
    ),
    st.data(),
)
def test_any_signature_takes_what_its_schema_says(hints: dict[str, Any], data: Any) -> None:
    names: dict[str, Any] = {"hints": hints}
    parameters = ", ".join(f"{name}: hints[{name!r}]" for name in hints)
    exec(f"def call({parameters}):\n 'Call.'\n return locals()", names)
    made = tool(effect="pure")(names["call"])
    assert list(made.parameters.get("properties", {})) == list(hints)
    values: dict[type, Any] = {
        int: 3, str: "a", float: 1.5, bool: True, list[int]: [1], dict[str, int]: {"a": 1},
        int | None: None, set[str]: ["a", "b"],
    }  # fmt: skip
    given = {name: values[hint] for name, hint in hints.items()}
    order = data.draw(st.permutations(list(given)))
    checked = made.check(json.dumps({name: given[name] for name in order}))
    assert list(checked.objects) == list(hints)
    assert made.fn(**checked.objects) == {
        name: set(one) if hints[name] == set[str] else one for name, one in given.items()
    }
    assert checked.asked == canonical(given)
