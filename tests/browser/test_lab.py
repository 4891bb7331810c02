import time

import pytest

from tests.browser.lab import Lab

WAKE_UP = (
    "import asyncio, signal\n"
    "asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, lambda: None)"
)


def test_a_cell_runs_and_shows_its_result(lab: Lab) -> None:
    lab.open(lab.write("sum.ipynb", ["1 + 1"]))
    assert lab.run_cell(0) == "2"
    assert lab.run_cell(lab.add_cell("_ * 21")) == "42"


@pytest.mark.person
def test_nobody_is_asked_about_news(lab: Lab) -> None:
    lab.open(lab.write("news.ipynb", ["'ready'"]))
    assert "ready" in lab.run_cell(0)
    assert "Jupyter news" not in lab.page.inner_text("body")
    assert lab.console == []


def test_the_interrupt_button_ends_an_await(lab: Lab) -> None:
    cell = "print('waiting', flush=True)\nawait asyncio.sleep(60)"
    lab.open(lab.write("interrupt.ipynb", [WAKE_UP, cell, "'alive'"]))
    lab.run_cell(0)
    lab.start_cell(1)
    lab.expect_output(1, "waiting")
    start = time.monotonic()
    lab.interrupt()
    assert "CancelledError" in lab.wait_idle(1, timeout_s=10)
    assert time.monotonic() - start < 5
    assert "alive" in lab.run_cell(2)


def test_a_restarted_kernel_has_forgotten_and_runs_again(lab: Lab) -> None:
    lab.open(lab.write("restart.ipynb", ["x = 1", "print('x' in globals())"]))
    lab.run_cell(0)
    assert "True" in lab.run_cell(1)
    lab.restart_kernel()
    assert "False" in lab.run_cell(1)


def test_a_reloaded_page_finds_its_kernel_and_its_text(lab: Lab) -> None:
    lab.open(lab.write("reload.ipynb", ["x = 0", "x"]))
    lab.replace_cell(0, "if True:\n    x = [1, {2: '('}]")
    lab.run_cell(0)
    assert lab.save().cells[0].source == "if True:\n    x = [1, {2: '('}]"
    lab.reload()
    assert lab.run_cell(1) == "[1, {2: '('}]"
