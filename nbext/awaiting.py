"""Async magics, and the interrupt button while a cell awaits.

IPython calls a magic and does not await what it returns. A transformer turns the generated
call into a real top-level await, so that agents run on the kernel's own loop. A semicolon
at its end keeps the answer, which is shown already, from being shown a second time.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import re
import signal
from collections.abc import Callable, Collection, Iterable, Iterator

from IPython.display import display

from agentkit.errors import SetupError

Transform = Callable[[list[str]], list[str]]

TICK_S = 0.2
"""How often a loop is woken where signals cannot wake it."""


def awaiting(names: Iterable[str], shown: Collection[str] = ()) -> Transform:
    """A post transformer: the generated calls of these magics are awaited; idempotent.

    Args:
        names: of the async magics.
        shown: those of them that show their own result.
    """
    called = re.compile(
        rf"(?<!await )(get_ipython\(\)\.run_(?:cell|line)_magic\('({'|'.join(names)})', .*\))"
        r"(;?)(?=\n?$)"
    )

    def awaited(match: re.Match[str]) -> str:
        call, name, end = match[1], match[2], match[3]
        if "run_cell_magic" in call:
            # IPython refuses an empty body in its own words; a blank one reaches the magic.
            call = re.sub(r", ''\)$", r", '\\n')", call)
        return f"await {call}{';' if name in shown else end}"

    def transform(lines: list[str]) -> list[str]:
        return [called.sub(awaited, line) for line in lines]

    return transform


def showing(names: Iterable[str], sets: Collection[str] = ()) -> Transform:
    """A post transformer: what a magic returns is shown wherever its line stands; idempotent.

    IPython shows the value of a cell's last line only, so `%graph` above `%cost`, or in a loop,
    would draw nothing, and `%stop` above another line would not say what it stopped.

    Args:
        names: of the magics.
        sets: those of them that with words set something, as an assignment does: no news.
    """
    news = "|".join(name for name in names if name not in sets)
    called = rf"(?:{news})', .*" + (rf"|(?:{'|'.join(sets)})', ''" if sets else "")
    alone = re.compile(
        rf"^(\s*)((?:await )?get_ipython\(\)\.run_line_magic\('(?:{called})\))(\n?)$"
    )
    show = rf"\1__import__('{__name__}', fromlist=['displayed']).displayed(\2)\3"

    def transform(lines: list[str]) -> list[str]:
        code = [i for i, line in enumerate(lines) if line.strip() and line.lstrip()[0] != "#"]
        last = code[-1] if code else 0
        return [
            line if i == last and not line[:1].isspace() else alone.sub(show, line)
            for i, line in enumerate(lines)
        ]

    return transform


def displayed(value: object) -> None:
    """Show what a magic returned, as the last line of a cell is: None is nothing to show."""
    if value is not None:
        display(value)  # type: ignore[no-untyped-call]


def asking(names: Iterable[str]) -> Transform:
    """A clean-up transformer: `%ask clerk What?` is a question, not a call for help."""
    line = re.compile(rf"^(\s*(?:[\w.\[\], ]+=\s*)?)%({'|'.join(names)})[ \t]+(\S.*\?)[ \t]*(\n?)$")

    def call(match: re.Match[str]) -> str:
        return f"{match[1]}get_ipython().run_line_magic({match[2]!r}, {match[3]!r}){match[4]}"

    def transform(lines: list[str]) -> list[str]:
        if lines and lines[0].startswith("%%"):
            return lines
        return [line.sub(call, one) for one in lines]

    return transform


ALONE = {
    "time": "--time",
    "timeit": "--time",
    "capture": "--quiet",
    "prun": "--time",
}
"""Cell magics of IPython that run their body by themselves, and what of ours does the like."""


def reaching(names: Iterable[str]) -> Transform:
    """A post transformer: the lines as they are, if every magic that is awaited can be.

    It raises SetupError where one stands in a plain function, which cannot await anything, or
    under a cell magic that runs its body by itself.

    Args:
        names: of the async magics.
    """
    below = re.compile(rf"^\s*(?:[\w.\[\], ]+=\s*)?%%?({'|'.join(names)})\b", re.MULTILINE)

    def transform(lines: list[str]) -> list[str]:
        code = "".join(lines)
        if "get_ipython().run_" not in code:
            return lines
        try:
            tree = compile(code, "<cell>", "exec", PARSED)
        except SyntaxError:
            return lines
        for place, call in awaited_in(tree, None):
            if not isinstance(place, ast.AsyncFunctionDef | None):
                raise unreachable(place, call)
        for node in tree.body:
            above, body = cell_magic(node)
            if (name := above.lstrip("%")) in ALONE and (found := below.search(body)):
                raise SetupError(
                    f"%{found[1]} cannot wait for an answer under {above}.",
                    expected=f"%{found[1]} in a cell without {above}",
                    todo=f"its option {ALONE[name]} is there for that: see %%{found[1]}?",
                )
        return lines

    return transform


PARSED = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
"""Flags of compile for a cell."""


def cell_magic(node: ast.stmt) -> tuple[str, str]:
    """The name and the body of the cell magic that a statement calls; empty for others.

    Of a line magic what follows it, which `%time` and the like run by themselves, too.
    """
    match node:
        case ast.Expr(
            ast.Call(
                ast.Attribute(attr="run_line_magic"),
                [ast.Constant(str(name)), ast.Constant(str(body))],
            )
        ):
            return f"%{name}", body
        case ast.Expr(
            ast.Call(
                ast.Attribute(attr="run_cell_magic"),
                [ast.Constant(str(name)), _, ast.Constant(str(body))],
            )
        ):
            return f"%%{name}", body
    return "", ""


Place = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
"""What a line of code may stand in."""


def awaited_in(node: ast.AST, place: Place | None) -> Iterator[tuple[Place | None, str]]:
    """The magics awaited below a node, and the innermost function or class around each."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Await) and ast.unparse(child).startswith("await get_ipython()"):
            yield place, str(child.value.args[0].value)  # type: ignore[attr-defined]
        yield from awaited_in(child, child if isinstance(child, Place) else place)


def unreachable(place: Place, magic: str) -> SetupError:
    """The error of a magic that is awaited where nothing can be."""
    name = getattr(place, "name", "it")
    if isinstance(place, ast.FunctionDef):
        return SetupError(
            f"%{magic} stands in {name}, a plain function, which cannot wait for an answer.",
            expected=f"async def {name}",
            todo=f"write async def {name}(...), and where it is called: await {name}(...)",
        )
    what = "a lambda" if isinstance(place, ast.Lambda) else f"the body of class {name}"
    return SetupError(
        f"%{magic} stands in {what}, which cannot wait for an answer.",
        expected="the cell itself, or an async function",
        todo=f"put it into async def ask(): return %{magic} ..., and await ask()",
    )


def helping(cells: Iterable[str], lines: Iterable[str]) -> Transform:
    """A post transformer: `%agent?` helps with %%agent, and `%%graph?` with %graph; idempotent.

    Args:
        cells: names of the magics that there are for cells only.
        lines: those that there are for lines only.
    """
    call = r"(get_ipython\(\)\.run_line_magic\('pinfo2?', ')"
    cell = re.compile(rf"{call}%({'|'.join(cells)})'\)")
    line = re.compile(rf"{call}%%({'|'.join(lines)})'\)")

    def transform(code: list[str]) -> list[str]:
        return [line.sub(r"\1%\2')", cell.sub(r"\1%%\2')", one)) for one in code]

    return transform


def wake_on_interrupt() -> Callable[[], None]:
    """Let an interrupt cancel the cell that awaits at once; returns what undoes it.

    A signal's handler cannot wake the loop unless the loop watches the signal descriptor,
    which it does as soon as it has a handler of any signal (ipykernel issue 881).
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return lambda: None
    for name in ("SIGUSR2", "SIGUSR1"):
        number = getattr(signal, name, None)
        if number is None or signal.getsignal(number) is not signal.SIG_DFL:
            continue
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, lambda: None)
            return lambda: unhandle(loop, number)
    return tick(loop)


def unhandle(loop: asyncio.AbstractEventLoop, number: int) -> None:
    """Take the handler away again."""
    with contextlib.suppress(RuntimeError, ValueError):
        loop.remove_signal_handler(number)


def tick(loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
    """Wake the loop now and then, where it cannot be told of signals."""
    handle: asyncio.TimerHandle | None = None

    def beat() -> None:
        nonlocal handle
        handle = loop.call_later(TICK_S, beat)

    beat()
    return lambda: handle.cancel() if handle else None
