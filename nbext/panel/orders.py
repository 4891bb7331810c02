"""Orders of a front end: show a run, stop it, answer its question."""

from __future__ import annotations

from typing import Any

import agentkit
from agentkit.errors import AgentkitError, error_text
from agentkit.messages import JSON
from nbext.panel.chat import PanelChat
from nbext.panel.recall import as_python, finder
from nbext.panel.views import Views
from nbext.session import Session

MOST = 2000
"""Runs of the notebook that are looked at together, the newest."""


class Orders:
    """Orders of a front end, taken on the shell of their own comm."""

    def __init__(self, session: Session, comm: Any, chat: PanelChat) -> None:
        self.session, self.comm, self.chat = session, comm, chat
        self.views = Views(session.log, self.every)
        self.find = finder(session)

    def every(self) -> list[str]:
        """All runs of this notebook, the oldest first."""
        infos = self.session.log.runs()[:MOST]
        return [info.id for info in reversed(infos) if self.session.ours(info)]

    def take(self, message: dict[str, Any]) -> None:
        """Carry out an order, and reply where it asks for something."""
        order = message["content"]["data"]
        try:
            reply = self.carry_out(order)
        except AgentkitError as error:
            reply = {"error": error_text(error)}
        except (KeyError, TypeError, ValueError) as error:
            reply = {"error": f"agentkit does not understand this order: {error!r}"}
        except Exception as error:  # a front end waits for a word, whatever has failed
            reply = {"error": error_text(error)}
        if reply is not None:
            self.comm.send({**reply, "req": order.get("req")})

    def carry_out(self, order: dict[str, Any]) -> dict[str, JSON] | None:
        """Do what is ordered; the reply, or None where there is none."""
        match order["do"]:
            case "view":
                since = order.get("since")
                return self.views.patch(
                    order["run"], order["name"], since if isinstance(since, int) else 0
                )
            case "ask":
                return self.views.asked(order["run"], order["name"], order["content"]) or {}
            case "stop":
                return {"stopped": stop(self.session, order["run"])}
            case "hear":
                if (found := self.session.questions.get(order["question"])) is not None:
                    found.hear(order["content"])
                return None
            case "asked":
                return {"run": self.find(order["cell"])}
            case "python":
                return {"text": as_python(self.session, order["run"])}
            case "cell":
                first = self.session.log.read(order["run"], upto=1)[0]
                return {"cell": getattr(first, "cell", None)}
            case "say" | "again" | "anew" | "recall" | "cells":
                return self.chat.obey(order)
        return {"error": f"agentkit {agentkit.__version__} has no order {order['do']!r}."}


def stop(session: Session, run: str) -> bool:
    """Cancel a run of this kernel, from any thread; whether there was something to cancel."""
    background = session.working().get(run)
    task = session.foreground.get(run) if background is None else background.task
    if task is None:
        return False
    task.get_loop().call_soon_threadsafe(task.cancel)
    return True
