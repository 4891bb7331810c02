"""An extension of Jupyter's server: runs of notebooks that are not open, read from their logs.

It only reads, and only logs in `.agentkit/` of folders that the server serves. What it reads them
with is imported when somebody asks first, so that the server starts as quickly as without it.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

ROOT = "AGENTKIT_ROOT"
"""Tells kernels the folder that the server serves, as `agentkit.place` reads it."""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "nbext.server"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Serve POST agentkit/order, and tell kernels the folder that is served."""
    from jupyter_server.auth.decorator import authorized
    from jupyter_server.base.handlers import APIHandler
    from jupyter_server.utils import ensure_async, url_path_join
    from tornado import web

    class OrderHandler(APIHandler):
        auth_resource = "contents"

        @web.authenticated
        @authorized("read")  # type: ignore[untyped-decorator]
        async def post(self) -> None:
            order = self.get_json_body()
            if not isinstance(order, dict):
                raise web.HTTPError(400, "An order is an object.")
            folder = str(order.get("folder") or "").strip("/")
            manager: Any = self.contents_manager
            hidden = folder and await ensure_async(manager.is_hidden(folder))
            if hidden and not getattr(manager, "allow_hidden", False):
                raise web.HTTPError(400, "There is no such folder.")
            root = Path(getattr(manager, "root_dir", "") or os.getcwd())
            self.finish(await asyncio.to_thread(read, root, folder, order))

    if served := getattr(server.contents_manager, "root_dir", ""):
        os.environ[ROOT] = str(served)  # kernels have the server's environment
    url = url_path_join(server.web_app.settings["base_url"], "agentkit", "order")
    server.web_app.add_handlers(".*$", [(url, OrderHandler)])


def read(root: Path, folder: str, order: dict[str, Any]) -> dict[str, Any]:
    """Read what an order asks for; in a thread, because files may be slow."""
    from nbext.panel.folder import order_answered

    return order_answered(root, folder, order)
