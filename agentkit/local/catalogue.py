"""The models that are known by name, as data, and what a name of a local model means."""

from __future__ import annotations

import difflib
import functools
import tomllib
from pathlib import Path
from typing import Literal

from agentkit.errors import SetupError, UnknownModel
from agentkit.messages import Frozen

TODO = "see `agentkit local list`"
FORMS = "local:NAME, local:/path/to/model.gguf or local:hf/OWNER/REPOSITORY/FILE.gguf"


class Weights(Frozen):
    """Where the weights of a model come from, and what is known of them."""

    name: str
    """As after "local:"."""
    title: str
    source: Literal["index", "hub", "file"]
    """A package of the package index, a repository of a model hub, or a file that is here."""
    licence: str = ""
    size: int = 0
    """Bytes of the file; 0 where it is not known before."""
    memory_mb: int = 0
    context: int = 0
    """Tokens it was trained for."""
    native_tools: bool = False
    small: bool = False
    """Whether it needs shorter prompts, and help with the choice of a tool."""
    template: str = ""
    """A chat template to use instead of its own, a file in local/templates."""
    good_for: str = ""
    package: str = ""
    version: str = ""
    member: str = ""
    """The file's path inside the package."""
    repository: str = ""
    file: str = ""
    """In the repository, or on this machine."""
    sha256: str = ""

    @property
    def origin(self) -> str:
        """Where they come from, in words."""
        if self.source == "index":
            return f"package {self.package} {self.version}"
        return f"model hub, {self.repository}" if self.source == "hub" else self.file


@functools.cache
def catalogue() -> dict[str, Weights]:
    """All models that are known by name, smallest first."""
    text = Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
    return {name: Weights(name=name, **entry) for name, entry in tomllib.loads(text).items()}


def weights_of(name: str) -> Weights:
    """What the name of a local model means.

    Args:
        name: what stands after "local:".

    Raises:
        UnknownModel: no model is called that. SetupError: a path leads to no file.
    """
    if found := catalogue().get(name):
        return found
    if name.startswith("hf/"):
        owner, _, rest = name.removeprefix("hf/").partition("/")
        repository, _, file = rest.partition("/")
        if not (owner and repository and file.endswith(".gguf")):
            raise UnknownModel(f"local:{name} names no file of a model hub", expected=FORMS)
        return Weights(
            name=name, title=file, source="hub", repository=f"{owner}/{repository}", file=file
        )
    if name.endswith(".gguf") or "/" in name or "\\" in name:
        path = Path(name).expanduser().absolute()
        if not path.is_file():
            raise SetupError(
                f"there is no file {path}", expected=FORMS, todo="check the path; " + TODO
            )
        return Weights(
            name=name, title=path.name, source="file", size=path.stat().st_size, file=str(path)
        )
    near = difflib.get_close_matches(name, catalogue(), 1)
    raise UnknownModel(
        f"there is no local model {name!r}",
        expected=f"{FORMS}; names are {', '.join(catalogue())}",
        todo=f"did you mean 'local:{near[0]}'?" if near else TODO,
    )
