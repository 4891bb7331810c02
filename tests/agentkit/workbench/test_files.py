"""Tools for files: windows, edits that are checked, searches that say when they find too much."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentkit import Agent
from agentkit.errors import ToolError
from agentkit.sandbox import Limits, ProgramFailed, Sandbox
from agentkit.testing import ScriptedModel, call
from agentkit.tools import CallFailed
from agentkit.workbench import Workbench, run_tests
from agentkit.workbench.files import repository
from tests.agentkit.sandbox.here import bubblewrap

pytestmark = bubblewrap

FILES = {
    "dues.py": "def due(tonnes):\n    return 4 * tonnes\n" + "# more\n" * 300,
    "tests/test_dues.py": "from dues import due\n\ndef test_due():\n    assert due(2) == 9\n",
}


async def test_an_agent_finds_and_mends_a_fault(tmp_path: Path) -> None:
    folder = repository(FILES, tmp_path / "given")
    async with Sandbox(folder) as box:
        bench = Workbench(box)
        git = "git init -q && git add -A && git -c user.name=a -c user.email=a commit -qm a"
        assert (await box.run(["sh", "-c", git])).ok
        assert "assert" in str(await run_tests(box, ["tests/test_dues.py"])).lower()
        mend = {"path": "dues.py", "first": 2, "last": 2, "text": "    return 4.5 * tonnes"}
        model = ScriptedModel(
            call("search", text="def due"), call("view", path="dues.py"), call("edit", **mend),
            call("shell", command="python3 -c 'import dues; print(dues.due(2))'"), "Mended.",
        )  # fmt: skip
        await Agent("mender", model=model, tools=bench.tools)("Mend due.")
        heard = [one.thread[-1].message.text for one in model.requests[1:]]
        assert heard[0] == "1 lines in 1 files have 'def due':\ndues.py:1:def due(tonnes):"
        assert "[dues.py, 302 lines]" in heard[1] and "(202 more below)" in heard[1]
        assert "2:    return 4.5 * tonnes" in heard[2] and heard[3] == "9.0"
        assert await run_tests(box, ["tests/test_dues.py"]) == {"tests/test_dues.py::test_due": ""}
        patch = await bench.patch()
        assert "+    return 4.5 * tonnes" in patch and "test_dues" not in patch


async def test_an_edit_that_breaks_a_file_is_not_made(tmp_path: Path) -> None:
    async with Sandbox(repository(FILES, tmp_path / "given")) as box:
        bench = Workbench(box)
        with pytest.raises(CallFailed, match="Not done, it would not be valid: line 2"):
            await bench.edit("dues.py", 2, 2, "    return 4.5 * (tonnes")
        with pytest.raises(CallFailed, match="lines 1 to 302"):
            await bench.edit("dues.py", 400, 401, "x")
        with pytest.raises(CallFailed, match="exists"):
            await bench.create("dues.py", "")
        with pytest.raises(CallFailed, match="No such file"):
            await bench.view("gone.py")
        assert (box.folder / "dues.py").read_text() == FILES["dues.py"]
        assert "1:def due" in await bench.view("dues.py", 1)


async def test_a_search_that_finds_too_much_says_so(tmp_path: Path) -> None:
    async with Sandbox(repository(FILES, tmp_path / "given")) as box:
        bench = Workbench(box)
        found = await bench.search("# more")
        assert "300 lines" in found and "too many" in found and len(found.splitlines()) == 51
        assert "nowhere" in await bench.search("draught")
        assert await bench.find("*.py") == "dues.py\ntests/test_dues.py"
        assert "No file" in await bench.find("*.c")


async def test_tools_reach_nothing_of_the_host(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    async with Sandbox(repository(FILES, tmp_path / "given")) as box:
        os.symlink(secret, box.folder / "link")
        bench = Workbench(box)
        for path in ("link", str(secret), "../../../.." + str(secret)):
            with pytest.raises(CallFailed):
                await bench.view(path)
        said = await bench.shell(f"cat {secret}; exit 3")
        assert "of the host" not in said and said.endswith("(status 3)")


async def test_long_output_is_shortened_and_endless_commands_are_stopped() -> None:
    async with Sandbox(limits=Limits(wall_s=1)) as box:
        bench = Workbench(box)
        said = await bench.shell("seq 1 20000")
        assert "characters left out" in said and said.startswith("1\n") and said.endswith("20000")
        with pytest.raises(CallFailed, match="longer than 1 s"):
            await bench.shell("sleep 60")


async def test_a_program_that_ends_early_passes_no_test() -> None:
    for cheat in ("import os; os._exit(0)", "import sys; sys.exit(0)", "raise SystemExit"):
        files = {"a.py": cheat, "test_a.py": "import a\ndef test(): assert False\n"}
        async with Sandbox() as box:
            try:
                found = await run_tests(box, ["test_a.py"], files)
            except ProgramFailed:
                continue
            assert all(found.values()), cheat


def test_paths_out_of_a_folder_are_refused(tmp_path: Path) -> None:
    for name in ("../x", "/etc/x", "a/../../x"):
        with pytest.raises(ToolError, match="no path inside"):
            repository({name: ""}, tmp_path)


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        (b"a\r\nb\r\nc\r\n", "B", b"a\r\nB\r\nc\r\n"),
        (b"a\nb\nc", "B", b"a\nB\nc"),
        (b"caf\xe9\nb\n\xff\n", "B\nb\n", b"caf\xe9\nB\nb\n\xff\n"),
        ("a\u2028b\x0c\x85\nb\n".encode(), "B\u2028", "a\u2028b\x0c\x85\nB\u2028\n".encode()),
        (b"a\nb", "B", b"a\nB\n"),
        (b"a\nb\n", "", b"a\n"),
        (b"\xef\xbb\xbfa\nb\n", "B", b"\xef\xbb\xbfa\nB\n"),
    ],
)
async def test_an_edit_leaves_all_other_lines_as_they_are_byte_for_byte(
    before: bytes, text: str, after: bytes, tmp_path: Path
) -> None:
    (tmp_path / "x.txt").write_bytes(before)
    async with Sandbox(tmp_path) as box:
        bench = Workbench(box)
        assert "[x.txt," in await bench.edit("x.txt", 2, 2, text)
        assert (box.folder / "x.txt").read_bytes() == after
        with pytest.raises(CallFailed):
            await bench.edit("x.txt", 1, 1, "half \ud800 of a sign")
        assert (box.folder / "x.txt").read_bytes() == after


async def test_what_is_added_below_a_line_without_an_end_is_a_line_of_its_own(
    tmp_path: Path,
) -> None:
    (tmp_path / "x.txt").write_bytes(b"a")
    async with Sandbox(tmp_path) as box:
        await Workbench(box).edit("x.txt", 2, 1, "b")
        assert (box.folder / "x.txt").read_bytes() == b"a\nb\n"
