"""A program that is forked from a warm process is as one that was started."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.warm import Forks

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

SAYS = """
import atexit, json, os, sys
atexit.register(print, "ended")
import beside
seen = [sys.argv[1:], os.getcwd(), os.environ.get("GIVEN"), os.environ.get("HOME"), __name__]
print(json.dumps([*seen, "pydantic" in sys.modules, beside.NAME]))
print("wrong", file=sys.stderr)
sys.exit(len(sys.argv))
"""

FORKS = Forks(("pydantic",), "-W", "error::RuntimeWarning")


def folder(tmp_path: Path, name: str) -> Path:
    made = tmp_path / name
    made.mkdir()
    (made / "says.py").write_text(SAYS)
    (made / "beside.py").write_text(f"NAME = {name!r}\n")
    return made


@pytest.mark.parametrize(
    "way", [("says.py",), ("-m", "says"), ("-c", SAYS)], ids=["file", "m", "c"]
)
def test_a_program_has_its_own_words_folder_environment_and_modules(
    way: tuple[str, ...], tmp_path: Path
) -> None:
    for name in ("one", "two"):  # the second sees nothing of the first
        place = folder(tmp_path, name)
        done = FORKS.run(*way, "a", "b c", cwd=place, env={"GIVEN": name})
        said, ended = done.stdout.splitlines()
        assert json.loads(said) == [["a", "b c"], str(place), name, None, "__main__", True, name]
        assert (ended, done.stderr, done.returncode) == ("ended", "wrong\n", 3)


def test_an_error_a_warning_and_a_signal_end_it_as_any_program(tmp_path: Path) -> None:
    codes = ("1 / 0", "import warnings; warnings.warn('x', RuntimeWarning)")
    for code, error in zip(codes, ("ZeroDivisionError", "RuntimeWarning: x"), strict=True):
        done = FORKS.run("-c", code, cwd=tmp_path, env={})
        assert done.returncode == 1 and error in done.stderr
    done = FORKS.run("-c", "import os; os.kill(os.getpid(), 9)", cwd=tmp_path, env={})
    assert done.returncode == -9


def test_who_takes_too_long_is_killed_and_the_next_is_forked(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        FORKS.run("-c", "import time; time.sleep(60)", cwd=tmp_path, env={}, timeout_s=0.2)
    assert FORKS.run("-c", "print(1)", cwd=tmp_path, env={}).stdout == "1\n"


def test_programs_draw_other_random_numbers_and_are_in_sessions_of_their_own(
    tmp_path: Path,
) -> None:
    code = "import os, random; print(random.random(), os.getsid(0) == os.getpid())"
    said = [FORKS.run("-c", code, cwd=tmp_path, env={}).stdout.split() for _ in range(3)]
    assert len({number for number, _ in said}) == 3 and {own for _, own in said} == {"True"}


def test_what_it_says_is_read_while_it_runs_and_a_full_pipe_holds_nothing_up(
    tmp_path: Path,
) -> None:
    code = "import sys; print('first', flush=True); print('x' * 200_000); sys.exit('wrong')"
    begun = FORKS.begin("-c", code, cwd=tmp_path, env={})
    assert begun.stdout and begun.stdout.readline() == "first\n"
    assert begun.communicate(timeout=60) == ("x" * 200_000 + "\n", "wrong\n")
    assert begun.returncode == 1
    endless = FORKS.begin("-c", "import time; time.sleep(60)", cwd=tmp_path, env={})
    endless.kill()
    assert endless.communicate(timeout=60) == ("", "") and endless.returncode == -9
