"""A static folder over HTTP on loopback, with the types and the packing that web hosts give."""

from __future__ import annotations

import functools
import gzip
import http.server
import os
from http import HTTPStatus
from pathlib import Path
from typing import Any

TYPES = {
    ".wasm": "application/wasm",
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".whl": "application/zip",
    ".json": "application/json",
}

PACKED = (".js", ".mjs", ".wasm", ".json", ".css", ".html", ".svg", ".ipynb")


@functools.cache
def packed(path: str, changed: float) -> bytes:
    """A file as gzip; once for each state of it."""
    return gzip.compress(Path(path).read_bytes(), 6)


class Handler(http.server.SimpleHTTPRequestHandler):
    """GET and HEAD, nothing else; counts the bytes that it sends."""

    protocol_version = "HTTP/1.1"
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, **TYPES}
    sent = 0

    def end_headers(self) -> None:
        """Let pages keep files for a while, as hosts do: minutes to hours."""
        self.send_header("Cache-Control", "max-age=3600")
        super().end_headers()

    def do_GET(self) -> None:
        path = self.translate_path(self.path)
        if Path(path).is_dir():
            path = str(Path(path, "index.html"))
        takes = "gzip" in self.headers.get("Accept-Encoding", "")
        if not (takes and path.endswith(PACKED) and Path(path).is_file()):
            super().do_GET()
            return
        body = packed(path, Path(path).stat().st_mtime)
        Handler.sent += len(body)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Count what is sent, which is nothing where the browser has the file."""
        if hasattr(source, "fileno"):
            Handler.sent += os.fstat(source.fileno()).st_size
        super().copyfile(source, outputfile)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""


class Server(http.server.ThreadingHTTPServer):
    """One whose visitors may leave when they like."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser closes connections that it needs no more."""


def server(folder: Path, port: int) -> Server:
    """A server of a folder; port 0 takes a free one. Its caller serves and closes it."""
    return Server(("127.0.0.1", port), functools.partial(Handler, directory=str(folder)))
