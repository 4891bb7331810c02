"""The transcript as a fold."""

from __future__ import annotations

from agentkit.events import Failure, Ref
from agentkit.pictures import TranscriptPicture
from agentkit.views import fold
from tests.agentkit.views.story import Story, team


def test_it_tells_who_said_what_to_whom_in_order() -> None:
    lines = fold(TranscriptPicture(), team().events).view.lines
    titles = [line.title for line in lines]
    assert titles[:3] == ["you → team", "team → planner", "planner → team"]
    assert 'worker-1 → tariff(port="Amber", tonnes=30)' in titles
    assert lines[titles.index('worker-1 → tariff(port="Amber", tonnes=30)')].text == "123.0"
    assert "worker-1: retry" in titles
    assert titles[-1] == "team → you"


def test_failures_are_told_where_they_happened() -> None:
    s = Story()
    s.start()
    s.open("c", "clerk", "clerk")
    error = Failure(type="TimedOut", text="no bytes for 5 s")
    s.begin("c", "m", "model", "m")
    s.finish("c", "m", "model", "m", status="failed", error=error)
    s.close("c", "failed", error)
    s.end("failed")
    told = str(fold(TranscriptPicture(), s.events))
    assert "clerk: m failed  #4\n    TimedOut: no bytes for 5 s" in told
    assert "run failed" in told


def test_a_reused_call_says_that_it_was_not_paid() -> None:
    s = Story()
    s.start(how="rerun")
    asked = {"port": "Amber"}
    s.finish("", "t", "tool", "tariff", result=5, reused=Ref(run="old", seq=1), request=asked)
    assert 'tariff(port="Amber") (reused, not paid)' in str(fold(TranscriptPicture(), s.events))


def test_long_texts_are_folded_away() -> None:
    s = Story()
    s.start()
    s.say("", "you", "clerk", "long " * 1000)
    view = fold(TranscriptPicture(), s.events)
    assert "<details>" in view.to_html() and "<details>" in view.to_markdown()


def test_what_a_model_wrote_cannot_pose_as_ours() -> None:
    s = Story()
    s.start()
    s.say("", "clerk", "you", "```\n# Heading\n<script>alert(1)</script>\n````\n", "say")
    view = fold(TranscriptPicture(), s.events)
    assert "<script" not in view.to_html()
    fence = "`" * 5
    assert f"{fence}text\n" in view.to_markdown() and f"\n{fence}" in view.to_markdown()


def test_a_search_of_a_memory_is_told_once_a_line_for_each_hit() -> None:
    s = Story()
    s.start()
    s.open("c", "clerk", "clerk")
    hits = [{"item": {"id": "a", "text": "Ada owns it."}, "score": 0.639, "parts": {}}]
    s.begin("c", "k", "memory", "notes.recall", {"query": "who?"})
    s.finish("c", "k", "memory", "notes.recall", result=hits)
    s.note("c", "recalled", {"memory": "notes", "query": "who?", "hits": hits})
    text = str(fold(TranscriptPicture(), s.events))
    assert text.startswith('clerk → notes.recall(query="who?")  #4\n    0.64  Ada owns it.\n')
    assert text.count("0.64") == 1


def test_a_tools_traceback_is_told_below_its_error() -> None:
    s = Story()
    s.start()
    s.open("c", "clerk", "clerk")
    trace = "Cell In[3], line 5, in average\n    return sum(marks) / len(marks)"
    error = Failure(type="ZeroDivisionError", text="division by zero", trace=trace)
    s.tool("c", "t", "average", {"course": "algebra"}, None, status="failed", error=error)
    view = fold(TranscriptPicture(), s.events)
    assert "return sum(marks) / len(marks)" in str(view)
    assert "return sum(marks) / len(marks)" in view.to_html()


def test_each_entry_has_the_number_of_its_event_and_the_lines_that_go_on_from_it() -> None:
    view = fold(TranscriptPicture(), team(f"{'0' * 28}4f1c22ab").events)
    lines = str(view).splitlines()
    (told,) = [line for line in lines if line.strip().startswith("worker-1 → tariff(")]
    seq = told.rpartition("#")[2]
    assert f'%fork 4f1c22ab --edit {seq}="..."' in view.to_html().replace("&quot;", '"')
    assert "%fork 4f1c22ab --at N" in lines[-1]


def test_notes_read_as_sentences() -> None:
    text = str(fold(TranscriptPicture(), team().events))
    assert "wait_s" not in text and "{" not in text.partition("retry")[2].partition("worker")[0]
    assert "Retry: wait s 0.3" in text
