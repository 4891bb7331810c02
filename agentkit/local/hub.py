"""Weights from a repository of a model hub, through huggingface_hub and as that is set up.

A download that breaks goes on where it was; the hub's own digest of a file is checked before the
file takes its place. $HF_ENDPOINT names another hub, $HF_TOKEN opens a private repository.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from agentkit.errors import SetupError
from agentkit.extras import lacking
from agentkit.local.catalogue import Weights
from agentkit.local.files import check_room, digest_of, folder, full
from agentkit.local.gguf import read_head
from agentkit.local.progress import Report

SHA256 = re.compile(r"[0-9a-f]{64}")


def fetch(weights: Weights, into: Path, report: Report, unknown: bool) -> Path:
    """Fetch a file of a repository.

    Raises:
        SetupError: the hub is out of reach, has no such file, or told no digest of it.
    """
    try:
        from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    except ImportError as error:
        raise lacking(error) or error from None
    try:
        report(f"asking the hub for {weights.file}", 0, 0)
        # Read now, not when that package was imported.
        hub = os.environ.get("HF_ENDPOINT") or None
        url = hf_hub_url(weights.repository, weights.file, endpoint=hub)
        facts = get_hf_file_metadata(url)
        digest, size = facts.etag or "", facts.size or weights.size
        if not SHA256.fullmatch(digest) and not unknown:
            raise SetupError(
                f"the hub tells no SHA-256 of {weights.file}, so nobody can check it",
                expected="a file that the hub keeps as a large file, with its digest",
                todo=f"take it all the same: agentkit local pull --unknown {weights.name}",
            )
        check_room(into.parent, size)
        found = Path(
            hf_hub_download(
                weights.repository,
                weights.file,
                revision=facts.commit_hash,
                endpoint=hub,
                # A folder of its own, where what is not whole yet has another name.
                local_dir=into.parent / ".hub",
                tqdm_class=bar(report, weights, size),
            )
        )
    except SetupError:
        raise
    except Exception as error:
        raise refused(weights, error) from error
    if SHA256.fullmatch(digest) and (seen := digest_of(found, report)) != digest:
        found.unlink()
        raise SetupError(
            f"{weights.file} came with the SHA-256 {seen}", expected=digest, todo="pull it again"
        )
    read_head(found)
    os.replace(found, into)
    return into


def bar(report: Report, weights: Weights, size: int) -> Any:
    """What huggingface_hub tells its progress to."""
    from tqdm import tqdm

    class Told(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": True})
            self.seen = int(kwargs.get("initial") or 0)

        def update(self, n: float | None = 1) -> bool | None:
            self.seen += int(n or 0)
            report(f"downloading {weights.file}", self.seen, size)
            return None

    return Told


def refused(weights: Weights, error: Exception) -> SetupError:
    """What huggingface_hub raised, as an error that says what to do."""
    if told := full(error, folder()):
        return told
    status = getattr(getattr(error, "response", None), "status_code", None)
    what = f"{weights.repository}/{weights.file} could not be had from the hub"
    if status in (401, 403):
        todo = "accept the model's terms on its page and set HF_TOKEN"
    elif status == 404:
        todo = "check the names of the repository and the file"
    else:
        todo = (
            "check the network (HF_ENDPOINT names another hub); on a machine without network copy"
            " the .gguf file there and use its path: local:/path/to/model.gguf"
        )
    first = (str(error).strip().splitlines() or [""])[0]
    return SetupError(f"{what}: {type(error).__name__}: {first}"[:600], todo=todo)
