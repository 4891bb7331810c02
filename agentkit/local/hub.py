"""Weights from a repository of a model hub, as huggingface_hub is set up: its client, its keys.

$HF_ENDPOINT names another hub, $HF_TOKEN opens a private repository. huggingface_hub begins a
download anew that was broken off, so that what is received is kept here, beside the file's place
and under the digest that it is to have, and the next try goes on behind it. The hub's own digest is
checked before the file takes its place.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import time
from pathlib import Path
from typing import Any

from agentkit.errors import SetupError
from agentkit.extras import missing_extra
from agentkit.local.catalogue import Weights
from agentkit.local.files import check_room, digest_of, folder, full
from agentkit.local.gguf import read_head
from agentkit.local.progress import Report

SHA256 = re.compile(r"[0-9a-f]{64}")
TRIES = 5
"""That may break off one after the other without a byte more than before."""
PAUSE_S, STALL_S = 1.0, 20.0
"""Before the second try, and longer before each next one; for the next bytes."""


def fetch(weights: Weights, into: Path, report: Report, unknown: bool) -> Path:
    """Fetch a file of a repository.

    Raises:
        SetupError: the hub is out of reach, has no such file, or told no digest of it.
    """
    try:
        from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache
    except ImportError as error:
        raise missing_extra(error) or error from None
    try:
        report(f"asking the hub for {weights.file}", 0, 0)
        # Read now, not when that package was imported.
        hub = os.environ.get("HF_ENDPOINT") or None
        url = hf_hub_url(weights.repository, weights.file, endpoint=hub)
        facts = get_hf_file_metadata(url)
        digest, size = facts.etag or "", facts.size or weights.size
        if not SHA256.fullmatch(digest):
            digest = ""
        if not digest and not unknown:
            raise SetupError(
                f"the hub tells no SHA-256 of {weights.file}, so nobody can check it",
                expected="a file that the hub keeps as a large file, with its digest",
                todo=f"take it all the same: agentkit local pull --unknown {weights.name}",
            )
        part = begun(into, digest)
        check_room(into.parent, size - length(part))
        found = try_to_load_from_cache(
            weights.repository, weights.file, revision=facts.commit_hash
        )  # what other programs fetched through huggingface_hub
        if isinstance(found, str):
            shutil.copyfile(found, part)
        else:
            url = hf_hub_url(
                weights.repository, weights.file, endpoint=hub, revision=facts.commit_hash
            )
            receive(url, part, size, lambda done: report(f"downloading {weights.file}", done, size))
    except SetupError:
        raise
    except Exception as error:
        if ours(error):
            raise
        raise hub_error(weights, error) from error
    return placed(weights, part, into, digest, report)


def begun(into: Path, digest: str) -> Path:
    """What was received of a file so far; what was received of another one is removed.

    Without a digest nobody could tell that the two halves are of one file, so it begins anew.
    """
    part = into.with_name(f"{into.name}.{digest[:16] or 'unknown'}.part")
    for one in parts(into):
        if one != part or not digest:
            one.unlink()
    return part


def parts(into: Path) -> list[Path]:
    """What was received of a file and is not whole."""
    return [one for one in into.parent.glob("*.part") if one.name.startswith(f"{into.name}.")]


def length(part: Path) -> int:
    """Bytes of it that are here."""
    return part.stat().st_size if part.exists() else 0


def receive(url: str, part: Path, size: int, report: Any) -> None:
    """Receive what is lacking of a file; a connection that breaks is made again.

    Raises:
        Exception: of the client, when it broke off too often, or the hub refuses.
    """
    tries = 0
    while length(part) < size or not part.exists():
        before = length(part)
        try:
            stream(url, part, report)
            if length(part) == before:
                raise ConnectionError(f"it ended after {before} of {size} bytes")
        except Exception as error:
            tries = tries + 1 if length(part) <= before else 1
            if tries == TRIES or ours(error) or (status(error) or 500) < 500:
                raise
            time.sleep(PAUSE_S * tries)


def stream(url: str, part: Path, report: Any) -> None:
    """Receive from where the part ends to the end of the file, or of the connection."""
    from huggingface_hub import get_session
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    start = length(part)
    headers = {**build_hf_headers(), "accept-encoding": "identity"}
    headers |= {"range": f"bytes={start}-"} if start else {}
    asked = get_session().stream(
        "GET", url, headers=headers, follow_redirects=True, timeout=STALL_S
    )
    with asked as reply:
        if reply.status_code == 416:  # it has become shorter
            part.unlink(missing_ok=True)
            return
        reply.raise_for_status()
        whole = reply.status_code != 206  # it knows no ranges: all of it comes again
        with part.open("wb" if whole else "ab") as out:
            for block in reply.iter_bytes():  # as they come: none is lost when it breaks off
                out.write(block)
                report(out.tell())


def placed(weights: Weights, part: Path, into: Path, digest: str, report: Report) -> Path:
    """Put a file that is here as a whole into its place, if it is what it is to be.

    Raises:
        SetupError: it is not; what was received is removed.
    """
    try:
        if digest and (seen := digest_of(part, report)) != digest:
            raise SetupError(
                f"{weights.file} came with the SHA-256 {seen}",
                expected=digest,
                todo="pull it again",
            )
        read_head(part)
    except SetupError:
        part.unlink()
        raise
    os.replace(part, into)
    return into


def status(error: BaseException) -> int | None:
    """Of the reply that an error is about; None for other errors."""
    found = getattr(getattr(error, "response", None), "status_code", None)
    return found if isinstance(found, int) else None


def ours(error: BaseException) -> bool:
    """Whether it is this machine's disk, which no further try mends, and not the network."""
    network = isinstance(error, ConnectionError | TimeoutError | socket.gaierror)
    return isinstance(error, OSError) and error.errno is not None and not network


def hub_error(weights: Weights, error: Exception) -> SetupError:
    """What huggingface_hub raised, as an error that says what to do."""
    if told := full(error, folder()):
        return told
    what, code = f"{weights.repository}/{weights.file} could not be had from the hub", status(error)
    if code in (401, 403):
        todo = "accept the model's terms on its page and set HF_TOKEN"
    elif code == 404:
        todo = "check the names of the repository and the file"
    else:
        todo = (
            "check the network (HF_ENDPOINT names another hub) and pull it again, which goes on"
            " where it was; on a machine without network copy the .gguf file there and use its"
            " path: local:/path/to/model.gguf"
        )
    first = (str(error).strip().splitlines() or [""])[0]
    return SetupError(f"{what}: {type(error).__name__}: {first}"[:600], todo=todo)
