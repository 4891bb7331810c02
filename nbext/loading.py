"""Loading and unloading: what is put into the shell, and how it is taken out again."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import CoroutineType
from typing import Any
from weakref import WeakKeyDictionary

from agentkit.answer import Answer
from agentkit.kept import keep, told
from agentkit.log import Log
from agentkit.logs.files import HOME, home
from agentkit.machine import in_page
from agentkit.person import Person, set_person
from agentkit.place import jupyter, set_cell, set_place
from nbext.approval import asker
from nbext.awaiting import (
    Transform,
    asking,
    awaiting,
    helping,
    reaching,
    showing,
    wake_on_interrupt,
)
from nbext.completion import matchers
from nbext.explaining import advice_on, advice_on_syntax, coroutine_shown
from nbext.fleets import showing_batches
from nbext.hidden import explanation, hider
from nbext.hinting import inspecting
from nbext.magics import MAGICS
from nbext.magics.base import bound
from nbext.magics.overview import described_by
from nbext.panel.comms import install
from nbext.programs import refusing_magic, starting
from nbext.session import Session
from nbext.show import answer_shown
from nbext.table import Told, show

undoing: WeakKeyDictionary[Any, list[Callable[[], None]]] = WeakKeyDictionary()
"""What takes everything away again, by shell."""
unloaded: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
"""The cell that it was unloaded in, by shell: what is loaded there again was known before."""


def load(shell: Any) -> Session:
    """Put the magics, transformers, completion and the person into the shell.

    Raises:
        LogError, SetupError: the log cannot be opened; nothing is loaded then.
    """
    if shell in undoing:
        unload(shell)
    session = Session(shell)
    log = session.log
    undo = undoing[shell] = [session.close]
    for magic in MAGICS:
        undo.append(register(shell, magic.name, magic.kind, bound(magic, session)))
    waiting = [magic for magic in MAGICS if magic.waits]
    awaits = awaiting([m.name for m in waiting], [m.name for m in waiting if m.shows])
    undo.append(inserted(shell.input_transformers_post, awaits))
    session.ready = unloaded.get(shell) == shell.execution_count
    undo.append(when_a_cell_begins(session))
    undo.append(when_a_cell_fails(session))
    undo.append(inserted(shell.input_transformers_post, showing_results()))
    undo.append(inserted(shell.input_transformers_post, reaching([m.name for m in waiting])))
    cells, lines = ([m.name for m in MAGICS if m.kind == kind] for kind in ("cell", "line"))
    undo.append(inserted(shell.input_transformers_post, helping(cells, lines)))
    undo += without_programs(shell)
    if (builtin := shell.find_line_magic("magic")) is not None:
        undo.append(register(shell, "magic", "line", described_by(builtin, MAGICS)))
    undo.append(inserted(shell.input_transformers_cleanup, asking(m.name for m in MAGICS)))
    undo += [inserted(shell.Completer.custom_matchers, one) for one in matchers(session)]
    undo.append(inspecting(session))
    undo.append(placed(session))
    before = set_person(None)
    set_person(asker(session, before))
    undo.append(lambda: put_back(before))
    undo.append(wake_on_interrupt())
    undo.append(install(session))
    markdown = shell.display_formatter.formatters["text/markdown"]
    markdown.for_type(Answer, lambda answer: answer_shown(answer)[0])
    undo.append(lambda: forget(markdown))
    undo.append(explained(shell))
    undo.append(showing_batches(shell))
    undo.append(close_widgets)
    undo += [on_path(), at_home()]
    session.start_simulation()
    greet(session, log)
    return session


def explained(shell: Any) -> Callable[[], None]:
    """Say of an ask that nobody awaits what it is; returns what ends that."""
    plain = shell.display_formatter.formatters["text/plain"]
    plain.for_type(CoroutineType, coroutine_shown)
    return lambda: plain.type_printers.pop(CoroutineType, None)


def showing_results() -> Transform:
    """What shows the results of magics on any line of a cell."""
    # A cell's magic is the whole cell, and so its last line; others show their result themselves.
    returning = [m.name for m in MAGICS if m.kind != "cell" and not m.shows]
    return showing(returning, [m.name for m in MAGICS if m.sets])


def unload(shell: Any) -> None:
    """Take everything away again, the last thing first."""
    if shell in undoing:
        unloaded[shell] = shell.execution_count
    for step in reversed(undoing.pop(shell, [])):
        step()


def register(shell: Any, name: str, kind: str, fn: Callable[..., Any]) -> Callable[[], None]:
    """Register a magic; returns what removes it, and brings back one that it replaced."""
    kinds = ("line", "cell") if kind == "line_cell" else (kind,)
    table = shell.magics_manager.magics
    before = {one: table[one].get(name) for one in kinds}
    shell.register_magic_function(fn, kind, name)

    def remove() -> None:
        for one in kinds:
            if table[one].get(name) is fn:
                del table[one][name]
                if before[one] is not None:
                    table[one][name] = before[one]

    return remove


def without_programs(shell: Any) -> list[Callable[[], None]]:
    """In a page, say of a cell that starts a program that there is none to start."""
    names = starting(shell) if in_page() else []
    return [register(shell, name, "cell", refusing_magic(name)) for name in names]


def on_path() -> Callable[[], None]:
    """Let `!agentkit log list` in a cell find the program of this kernel's environment.

    A kernel is often started without its environment being activated.
    """
    folder = sysconfig.get_path("scripts")
    before = os.environ.get("PATH", "")
    if shutil.which("agentkit") or not shutil.which("agentkit", path=folder):
        return lambda: None
    os.environ["PATH"] = os.pathsep.join([folder, *filter(None, [before])])

    def remove() -> None:
        left = os.environ.get("PATH", "").split(os.pathsep)
        os.environ["PATH"] = os.pathsep.join(one for one in left if one != folder)

    return remove


def at_home() -> Callable[[], None]:
    """Let `!agentkit log list` find this notebook's log, also after %cd."""
    os.environ[HOME] = str(home())
    return forget_home


def forget_home() -> None:
    """Let programs that cells start find their logs themselves."""
    os.environ.pop(HOME, None)


def put_back(person: Person) -> None:
    """Let whoever answered questions before answer them again."""
    set_person(person)


def placed(session: Session) -> Callable[[], None]:
    """Tell which notebook and cell runs are started from; returns what lets others tell it."""
    before = set_place(lambda: notebook(session))
    set_cell(lambda: cell(session))

    def put_back() -> None:
        set_place(before)
        set_cell(None)

    return put_back


def notebook(session: Session) -> str | None:
    """The notebook of this kernel, as Jupyter's server, VS Code or the panel tells it.

    Jupyter's server tells it only to kernels that it starts itself, and not to those of a gateway.
    """
    told = session.namespace.get("__vsc_ipynb_file__")
    return jupyter() or (told if isinstance(told, str) else session.told or None)


def cell(session: Session) -> str | None:
    """The id of the cell that runs now, or started the task that does; JupyterLab tells it."""
    kernel = getattr(session.shell, "kernel", None)
    try:
        found = kernel.get_parent("shell")["metadata"]["cellId"] if kernel is not None else None
    except (AttributeError, KeyError, LookupError, TypeError):
        return None
    return found if isinstance(found, str) else None


def when_a_cell_begins(session: Session) -> Callable[[], None]:
    """Let magics be awaited from the next cell on; IPython has read the present one already.

    Which actors there are is looked at, so that it is known when each was defined.

    In a page it lets each cell import modules that were just written: folders of its drive have the
    same time always, from which Python concludes that nothing changed in them.
    """

    def ready() -> None:
        session.ready = True
        session.definitions.cell_begins(session.actors())
        if in_page():
            importlib.invalidate_caches()

    session.shell.events.register("pre_execute", ready)
    return lambda: session.shell.events.unregister("pre_execute", ready)


def when_a_cell_fails(session: Session) -> Callable[[], None]:
    """Say of a cell's error what it does not say itself; see `advice_on`."""

    def told(result: Any) -> None:
        why = advice_on(result.error_in_exec)
        if result.error_before_exec is not None:
            cell, names = result.info.raw_cell, [magic.name for magic in MAGICS]
            why = why or advice_on_syntax(result.error_before_exec, cell, names)
        if why:
            warn(why)

    session.shell.events.register("post_run_cell", told)
    return lambda: session.shell.events.unregister("post_run_cell", told)


def warn(text: str) -> None:
    """Show a warning below a cell, as Jupyter shows what goes to stderr."""
    print(text, file=sys.stderr)


def forget(markdown: Any) -> None:
    """Let answers show themselves again."""
    markdown.pop(Answer, None)


def inserted(places: list[Any], thing: Any) -> Callable[[], None]:
    """Append to a list of the shell's; returns what removes it."""
    places.append(thing)

    def remove() -> None:
        if thing in places:
            places.remove(thing)

    return remove


def close_widgets() -> None:
    """Close the live widgets, if any was ever made."""
    if "nbext.widgets" in sys.modules:
        from nbext.widgets import close_all

        close_all()


def greet(session: Session, log: Log) -> None:
    """Say in one line who answers and where it is recorded."""
    show(Told(text=f"agentkit · {session.model} answers · recorded in {where(log.url)}"))
    if text := told(keep()):
        warn(text)
    if file := hider("memory"):
        warn(explanation("memory", file))


def where(url: str) -> str:
    """The log's address, below the working directory relative to it; of one in memory its time."""
    if url == "memory:":
        return "memory, until this kernel ends"
    path = Path(url.partition(":///")[2])
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return url
