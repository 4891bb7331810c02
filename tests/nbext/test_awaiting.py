"""The transformers, as IPython runs them, without a kernel."""

from __future__ import annotations

import ast
import asyncio
import signal

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from agentkit.errors import SetupError
from nbext.awaiting import asking, awaiting, helping, reaching, showing, wake_on_interrupt


@pytest.fixture
def manager() -> TransformerManager:
    found = TransformerManager()
    found.cleanup_transforms = [*found.cleanup_transforms, asking(["ask", "runs"])]
    found.line_transforms = [*found.line_transforms]
    return found


def transformed(manager: TransformerManager, cell: str) -> str:
    awaits = awaiting(["ask", "faults"], ["ask"])
    lines = manager.transform_cell(cell).splitlines(keepends=True)
    once = awaits(lines)
    assert awaits(once) == once
    return "".join(once)


def parses(code: str) -> ast.Module:
    return ast.parse(code, mode="exec")


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("%%ask clerk\nhi\n", "await get_ipython().run_cell_magic('ask', 'clerk', 'hi\\n');\n"),
        ("%%ask clerk\n", "await get_ipython().run_cell_magic('ask', 'clerk', '\\n');\n"),
        ("%ask clerk hi", "await get_ipython().run_line_magic('ask', 'clerk hi');\n"),
        ("x = %ask clerk hi", "x = await get_ipython().run_line_magic('ask', 'clerk hi');\n"),
        ("%ask clerk hi?", "await get_ipython().run_line_magic('ask', 'clerk hi?');\n"),
        (
            "a.b = %ask c it's \"?",
            "a.b = await get_ipython().run_line_magic('ask', 'c it\\'s \"?');\n",
        ),
        ("%faults off", "await get_ipython().run_line_magic('faults', 'off')\n"),
        ("%runs", "get_ipython().run_line_magic('runs', '')\n"),
        ("print(1)", "print(1)\n"),
        ("%ask?", "get_ipython().run_line_magic('pinfo', '%ask')\n"),
    ],
)
def test_async_magics_are_awaited_and_others_left_alone(
    manager: TransformerManager, cell: str, code: str
) -> None:
    assert transformed(manager, cell) == code


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("%graph\n%cost\n", "graph"),
        ("%graph\n# the bill\n%cost\n# and that is all\n", "graph"),
        ("if True:\n    %graph\n", "graph"),
        ("%graph\nx = 1\n", "graph"),
        ("%graph\n", ""),
        ("x = %graph\n%faults off\nprint(x)", ""),
        ("%graph;\nx = 1\n", ""),
        ("%budget\n%budget 1\nx = 1\n", "budget"),
    ],
)
def test_what_a_magic_returns_is_shown_on_any_line_of_a_cell(
    manager: TransformerManager, cell: str, shown: str
) -> None:
    shows = showing(["graph", "cost", "budget"], sets=["budget"])
    once = shows(transformed(manager, cell).splitlines(keepends=True))
    assert shows(once) == once
    parses("".join(once))
    found = [line for line in once if "displayed(" in line]
    assert [line.split("run_line_magic('")[1].split("'")[0] for line in found] == shown.split()


def test_a_magic_inside_a_block_is_awaited_too(manager: TransformerManager) -> None:
    code = transformed(manager, "for i in [1]:\n    %ask clerk Is it {{ i }}?\n")
    loop = parses(code).body[0]
    assert isinstance(loop, ast.For)
    assert isinstance(loop.body[0], ast.Expr) and isinstance(loop.body[0].value, ast.Await)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("def f():\n    x = %ask clerk hi\n    return x", "async def f"),
        ("class A:\n    def f(self):\n        %ask clerk hi", "async def f"),
        ("class A:\n    x = %ask clerk hi", "the body of class A"),
        ("async def g():\n    def f():\n        %ask clerk hi", "async def f"),
        ("%%time\nx = %ask clerk hi", "under %%time"),
        ("%time %ask clerk hi", "under %time"),
        ("%%capture out\n%ask clerk hi", "--quiet"),
    ],
)
def test_where_nothing_can_wait_the_error_says_what_to_do(
    manager: TransformerManager, cell: str, said: str
) -> None:
    code = transformed(manager, cell).splitlines(keepends=True)
    with pytest.raises(SetupError, match=said):
        reaching(["ask"])(code)


@pytest.mark.parametrize(
    "cell",
    [
        "async def f():\n    x = %ask clerk hi\n    return x",
        "def g():\n    async def f():\n        %ask clerk hi\n    return f",
        "%%time\nprint('%ask clerk')",
        "%%ask clerk\n%ask is a magic",
        "x = %ask clerk hi",
        "def f(:\n    %ask clerk hi",
    ],
)
def test_where_an_answer_can_be_awaited_the_cell_is_left_alone(
    manager: TransformerManager, cell: str
) -> None:
    code = transformed(manager, cell).splitlines(keepends=True)
    assert reaching(["ask"])(code) == code


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("%agent?", "get_ipython().run_line_magic('pinfo', '%%agent')\n"),
        ("%agent??", "get_ipython().run_line_magic('pinfo2', '%%agent')\n"),
        ("%%agent?", "get_ipython().run_line_magic('pinfo', '%%agent')\n"),
        ("%%runs?", "get_ipython().run_line_magic('pinfo', '%runs')\n"),
        ("?%agent", "get_ipython().run_line_magic('pinfo', '%%agent')\n"),
        ("%agents?", "get_ipython().run_line_magic('pinfo', '%agents')\n"),
        ("%time?", "get_ipython().run_line_magic('pinfo', '%time')\n"),
    ],
)
def test_help_finds_a_magic_with_one_percent_sign_or_two(
    manager: TransformerManager, cell: str, code: str
) -> None:
    helps = helping(["agent"], ["runs"])
    lines = helps(manager.transform_cell(cell).splitlines(keepends=True))
    assert "".join(lines) == code
    assert helps(lines) == lines


def test_a_question_in_the_body_of_another_cell_magic_is_left_alone(
    manager: TransformerManager,
) -> None:
    code = transformed(manager, "%%writefile x.txt\n%ask clerk hi?\n")
    assert code == "get_ipython().run_cell_magic('writefile', 'x.txt', '%ask clerk hi?\\n')\n"


async def test_an_interrupt_wakes_the_loop_and_nothing_stays_behind() -> None:
    before = signal.getsignal(signal.SIGUSR2)
    undo = wake_on_interrupt()
    assert signal.getsignal(signal.SIGUSR2) is not before
    undo()
    assert signal.getsignal(signal.SIGUSR2) == before


async def test_a_signal_that_is_in_use_is_not_taken() -> None:
    kept = [signal.getsignal(one) for one in (signal.SIGUSR2, signal.SIGUSR1)]
    mine = lambda *_: None  # noqa: E731
    for one in (signal.SIGUSR2, signal.SIGUSR1):
        signal.signal(one, mine)
    try:
        undo = wake_on_interrupt()
        assert signal.getsignal(signal.SIGUSR2) is mine
        assert signal.getsignal(signal.SIGUSR1) is mine
        undo()
    finally:
        for one, handler in zip((signal.SIGUSR2, signal.SIGUSR1), kept, strict=True):
            signal.signal(one, handler)
    assert len(asyncio.all_tasks()) == 1
