"""The kernel's end of the panel: one comm tells news, another takes orders.

ipykernel answers a comm on the shell from which it last spoke on it. A comm that is told news from
the main thread would have its orders wait for whatever blocks that thread, so there are two; a
front end opens each on a subshell of its own, where they go on while a cell computes.

What they need is imported when a front end opens one: most kernels have none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agentkit.subscribing import running_loop
from nbext.panel.turns import ShortTurns
from nbext.session import Session

if TYPE_CHECKING:
    from nbext.panel.chat import PanelChat

NEWS, ORDERS, HERE = "agentkit.news", "agentkit.orders", "agentkit.kernel"
"""Targets of comms; the last is one that only says, in the kernel's list, that we are here."""

LONGEST = 4096
"""Characters of a path that a front end tells."""

FRONTS = 16
"""Front ends that are told news: pages that crashed never say that they are gone."""


def install(session: Session) -> Callable[[], None]:
    """Let front ends look at this kernel's runs; returns what ends that."""
    if not session.in_notebook:
        return lambda: None
    try:
        from comm import create_comm, get_comm_manager
    except ImportError:  # ipykernel before 6.18, as on Colab, where there is no panel either
        return lambda: None

    manager = get_comm_manager()
    loop = running_loop()
    turns = ShortTurns()
    chats: list[PanelChat] = []
    open_ones: dict[str, tuple[Any, Callable[[], None]]] = {}

    def forget(id: str) -> None:
        if id in open_ones:
            open_ones.pop(id)[1]()

    def chat() -> PanelChat:
        from nbext.panel.chat import PanelChat

        if not chats:
            chats.append(PanelChat(session, loop))
        return chats[0]

    def tell(comm: Any, message: Any) -> None:
        from nbext.panel.news import News

        told = [id for id, (one, _) in open_ones.items() if one.target_name == NEWS]
        for id in told[: max(0, len(told) - FRONTS + 1)]:
            open_ones[id][0].close()
            forget(id)
        wants = message["content"].get("data") or {}
        path = wants.get("path")
        session.told = path if isinstance(path, str) and len(path) <= LONGEST else session.told
        news = News(session, comm, chat() if wants.get("chat") else None)
        turns.shorten()

        def leave() -> None:
            turns.lengthen()
            news.stop()

        open_ones[comm.comm_id] = comm, leave
        comm.on_close(lambda _: forget(comm.comm_id))
        news.start()

    def obey(comm: Any, _message: Any) -> None:
        from nbext.panel.orders import Orders

        open_ones[comm.comm_id] = comm, lambda: None
        comm.on_close(lambda _: forget(comm.comm_id))
        comm.on_msg(Orders(session, comm, chat()).take)

    def remove() -> None:
        for one in chats:
            one.close()
        manager.unregister_target(NEWS, tell)
        manager.unregister_target(ORDERS, obey)
        manager.unregister_comm(here)
        for id, (comm, _) in list(open_ones.items()):
            forget(id)
            comm.close()

    manager.register_target(NEWS, tell)
    manager.register_target(ORDERS, obey)
    # Not opened, so that no front end hears of it; but it is in the list of the kernel's comms.
    here = create_comm(target_name=HERE, primary=False)
    manager.register_comm(here)
    return remove
