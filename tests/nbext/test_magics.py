"""Every magic in a real kernel, as a notebook sees it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.nbext.notebook import Notebook

DUES = "%%ask clerk\nWhat are the dues for 30 t in Amber?"


def test_an_ask_streams_and_ends_with_the_answer_and_its_bill(shared: Notebook) -> None:
    cell = shared.ok("%%ask clerk\nHello, who are you and what can you do?")
    assert len(cell.outputs) == 1
    texts = [str(shown.get("text/markdown")) for shown in cell.updates]
    assert "<small>clerk · 1 call" in texts[-1]
    assert shared.value("_.actor") == "'clerk'"


def test_streamed_text_appears_before_the_answer_is_whole(shared: Notebook) -> None:
    shared.ok(
        """
from agentkit import Agent, Message, Reply, Usage
class Slow:
    name = "slow"
    async def __call__(self, request, on_text=None):
        import asyncio
        await asyncio.sleep(0.4)
        for word in ("one ", "two ", "three "):
            on_text(word)
            await asyncio.sleep(0.12)
        said = Message(role="assistant", content="one two three")
        return Reply(message=said, usage=Usage(calls=1), model="slow")
slow = Agent("slow", model=Slow())
"""
    )
    cell = shared.ok("%ask slow Count to three")
    texts = [str(shown.get("text/markdown")) for shown in cell.updates]
    first = next(i for i, text in enumerate(texts) if text.startswith("one"))
    assert any("is thinking" in text for text in texts[:first])
    assert texts[first].startswith("one") and "three" not in texts[first]
    assert texts[-1].startswith("one two three")
    assert "price unknown" in texts[-1]


def test_an_answer_is_bound_as_it_was_asked_for(shared: Notebook) -> None:
    shared.ok(DUES.replace("clerk", "clerk -> whole", 1))
    assert shared.value("type(whole).__name__") == "'Answer'"
    shared.ok(DUES.replace("clerk", "clerk -> dues: float", 1))
    assert shared.value("dues") == "390.0"
    shared.ok(DUES.replace("clerk", "clerk -> text: str", 1))
    assert shared.value("'390' in text") == "True"
    shared.ok("line = %ask clerk --quiet What are the dues for 10 t in Amber?")
    assert shared.value("'130' in line.text") == "True"


def test_each_view_of_a_cell_is_shown_once(shared: Notebook) -> None:
    shared.ok(DUES)
    cell = shared.ok("%graph\n%transcript")
    # The live graph, its still picture, and the transcript.
    assert len(cell.outputs) == 3 and cell.text.lstrip().startswith("Message graph")
    assert len(shared.ok("for turn in range(2):\n    %cost").outputs) == 4


def test_what_blame_found_is_drawn_by_the_name_of_its_variable(shared: Notebook) -> None:
    shared.ok(
        """
from agentkit import Agent
from agentkit.testing import ScriptedModel
from agentkit.verify import blame
judge = Agent("judge", model=ScriptedModel("OK"))
answer = await judge("a claim")
found = await blame(judge, answer.run_id, lambda one: one.text != "OK", {"judge": "NO"})
"""
    )
    shown = shared.ok("%graph found")
    assert any("blame 100%" in str(one) for one in shown.outputs)


def test_quiet_shows_nothing_and_time_shows_the_time(shared: Notebook) -> None:
    assert shared.ok(DUES.replace("clerk", "clerk --quiet", 1)).outputs == []
    assert " s]" in shared.ok(DUES.replace("clerk", "clerk --time", 1)).text


def test_words_and_options_of_a_line_are_filled_in_once(shared: Notebook) -> None:
    shared.ok("%ask clerk --quiet -> told What are the dues for 60 t in Amber?")
    shared.ok("run, who, cents, tricky = told.run_id, 'clerk', 7, 'a {{ nope }}'")
    assert "60 t" in shared.ok("%transcript {{ run }}").text
    assert "60 t" in shared.ok('%transcript {{ run[-12:] + "" }}').text
    assert "Message graph" in shared.ok("%graph {{ told.run_id }}").text
    shared.ok("%ask {{ who }} --quiet --seed {{ cents + 1 }} -> again Is the port open?")
    begun = "open_log().read(again.run_id)[0]"
    shared.ok("from agentkit import open_log")
    assert shared.value(f"again.actor, {begun}.seed") == "('clerk', 8)"
    shared.ok("%rerun {{ run }} --quiet -> same")
    assert shared.value("same.text == told.text, same.usage.calls") == "(True, 0)"
    cell = shared.run("%transcript {{ tricky }}")
    assert (cell.ename, "a {{ nope }}" in cell.error) == ("UnknownRun", True)
    assert shared.run("%transcript {{ nope }}").ename == "BadTemplate"


def test_a_body_is_a_template(shared: Notebook) -> None:
    shared.ok("tonnes = 50")
    cell = shared.ok("%%ask clerk\nWhat are the dues for {{ tonnes }} t in Amber? {this}")
    assert "650" in cell.text
    assert "{this}" in shared.ok("%transcript").text


@pytest.mark.parametrize(
    ("code", "name", "said"),
    [
        ("%%ask clrk\nhi", "UnknownActor", "did you mean clerk?"),
        ("%%ask clerk --modle x\nhi", "SetupError", "did you mean --model?"),
        ("%%ask clerk --model sim:carefull\nhi", "UnknownModel", "sim:careful"),
        ("%%ask clerk\n{{ nope }}", "BadTemplate", "{{ nope }}"),
        ("%%ask clerk\n", "SetupError", "was asked nothing"),
        ("%%ask clerk\n   \n", "SetupError", "was asked nothing"),
        ("%%ask clerk -> a: Nope\nhi", "SetupError", "The type Nope"),
        ("%%ask clerk -> a: object()\nhi", "SetupError", "type of an answer"),
        ("%%ask clerk -> clerk\nhi", "SetupError", "in the place of an actor"),
        ("%%ask clerk -> tariff\nhi", "SetupError", "in the place of a tool"),
        ("%%ask clerk -> print\nhi", "SetupError", "Python's own"),
        ("%%ask clerk -> x -> y\nhi", "SetupError", "two names"),
        ("%%ask clerk --after nope\nhi", "SetupError", "--after nope"),
        ("%%ask clerk --budget much\nhi", "SetupError", "'much'"),
        ("%%ask clerk --deadline soon\nhi", "SetupError", "'soon'"),
        ("%%ask clerk --concurrency 0\nhi", "SetupError", "'0'"),
        ("%%ask clerk --rerun 0000ffff\nhi", "UnknownRun", "0000ffff"),
        ("%%ask tariff\nhi", "UnknownActor", "tariff is a Tool, not an actor"),
        ("%%agent helper --tools tarif\nhi", "SetupError", "did you mean tariff?"),
        ("%%agent helper --tools tariff,tariff\nhi", "ToolError", "Two tools"),
        ("%%agent helper --model sim:hasti\nhi", "UnknownModel", "sim:hasty"),
        ("%%agent helper --max-turns 0\nhi", "SetupError", "whole number from 1"),
        ("%%agent helper --temperature 9\nhi", "SetupError", "from 0 to 2"),
        ("%%agent helper\n  ", "SetupError", "no instructions"),
        ("%%agent 3x\nhi", "SetupError", "'3x'"),
        ("%%agent print\nhi", "SetupError", "Python's own"),
        ("%%agent tariff\nhi", "SetupError", "already holds a Tool"),
        ("%graph nobody", "UnknownRun", "nobody"),
        ("%resume 0000ffff", "UnknownRun", "0000ffff"),
        ("%fork", "SetupError", "%fork RUN"),
        ("%faults 418=1", "SetupError", "429"),
        ("%faults 429=200%", "SetupError", "0% to 100%"),
        ("%endpoint sim:nobody", "UnknownModel", "sim:careful"),
        ("%budget lots", "SetupError", "'lots'"),
    ],
)
def test_bad_input_is_a_short_typed_error_and_costs_nothing(
    shared: Notebook, charged: Callable[[], int], code: str, name: str, said: str
) -> None:
    before, runs = (
        charged(),
        shared.value("len(get_ipython() and __import__('agentkit').open_log().runs())"),
    )
    cell = shared.run(code)
    after = shared.value("len(get_ipython() and __import__('agentkit').open_log().runs())")
    assert (cell.status, cell.ename) == ("error", name)
    assert said in cell.error
    assert "Traceback" not in cell.error and len(cell.error.splitlines()) <= 6
    assert cell.stream == ""
    assert (charged(), after) == (before, runs)


def test_the_users_own_error_keeps_the_users_frames_only(shared: Notebook) -> None:
    shared.ok(
        """
from agentkit import pattern
def divide(x):
    return 1 / x
@pattern
async def broken(task):
    return divide(0)
"""
    )
    cell = shared.run("%ask broken Go on")
    assert cell.ename == "ZeroDivisionError"
    assert "divide(0)" in cell.error and "1 / x" in cell.error
    assert "agentkit/run.py" not in cell.error and "nbext" not in cell.error


def test_redefining_an_agent_says_so_also_in_the_next_run(shared: Notebook) -> None:
    assert "replaces" not in shared.ok("%%agent twin\nOne.").text
    assert "replaces" in shared.ok("%%agent twin\nTwo.").text
    shared.ok("%ask twin --quiet What is 1 + 1?")
    notes = shared.value(
        "[e.data for e in __import__('agentkit').open_log().read(_.run_id) if e.kind == 'noted']"
    )
    assert "'actor': 'twin'" in notes


STOCK = '''
from agentkit import tool

@tool(effect="pure")
def stock(fruit: str) -> int:
    """How many of a fruit are in the shop."""
    return %d
'''


def test_an_agent_that_has_the_earlier_of_two_tools_says_so(shared: Notebook) -> None:
    shared.ok(STOCK % 12)
    shared.ok("%%agent grocer --tools stock\nYou answer with your tools.")
    assert "earlier" not in shared.ok("%%ask grocer\nHow many apples are in stock?").text
    shared.ok(STOCK % 12)
    assert "earlier" not in shared.ok("%%ask grocer\nHow many apples are in stock?").text
    shared.ok(STOCK % 99)
    cell = shared.ok("%%ask grocer\nHow many apples are in stock?")
    assert "12" in cell.text and "grocer has the earlier stock" in cell.text
    assert "grocer has the earlier stock" in shared.ok("%events last").text
    shared.ok("%%agent grocer --tools stock\nYou answer with your tools.")
    cell = shared.ok("%%ask grocer\nHow many apples are in stock?")
    assert "99" in cell.text and "earlier" not in cell.text


def test_a_conversation_goes_on_after_an_answer(shared: Notebook) -> None:
    shared.ok("%ask clerk -> first What are the dues for 30 t in Amber?")
    shared.ok("%ask clerk --after first -> second And what is 2 + 2?")
    assert shared.value("second.thread[: len(first.thread)] == first.thread") == "True"


def test_runs_agents_and_views_show_themselves_without_widgets_too(shared: Notebook) -> None:
    shared.ok(DUES)
    assert "clerk: What are the dues" in shared.ok("%runs").text
    assert "tariff" in shared.ok("%agents").text
    live, graph = shared.ok("%graph").outputs
    assert "clerk → tariff" in graph["text/plain"]
    assert {"text/html", "image/svg+xml", "text/markdown"} <= set(graph)
    assert set(live) == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    assert "application/vnd.jupyter.widget-view+json" not in graph
    assert "clerk" in shared.ok("%timeline clerk").text
    assert "total" in shared.ok("%cost all").text
    assert "wasted" in shared.ok("%cost all --by actor,model").text
    assert "to the first token" in shared.ok("%cost clerk --waterfall").text
    assert "told you" in shared.ok("%why clerk").text
    assert "Spending: $" in shared.ok("%cost --over-time").text
    assert "No vote was noted" in shared.ok("%ballots last --truth 130").text
    assert "No plan was noted" in shared.ok("%plan clerk").text
    assert "No speaker was noted" in shared.ok("%speakers").text
    assert "What are the dues" in shared.ok("%transcript last").text


def test_the_graph_is_drawn_with_an_ask_when_several_take_part_or_it_is_wanted(
    shared: Notebook,
) -> None:
    shared.ok("%%agent boss --tools clerk\nYou delegate.")
    assert "Message graph" in shared.ok("%%ask boss\nAsk clerk: what is 2 + 2?").text
    assert "Message graph" not in shared.ok(DUES).text
    graph = shared.ok(DUES.replace("clerk", "clerk --graph", 1))
    assert "clerk → tariff: 1 call" in graph.outputs[1]["text/plain"]
    shared.ok("%graph on")
    assert "Message graph" in shared.ok(DUES).text
    shared.ok("%graph off")
    assert "Message graph" not in shared.ok("%%ask boss\nAsk clerk: what is 2 + 2?").text
    assert "when several" in shared.ok("%graph auto").text


def test_replay_pays_nothing_and_rerun_only_what_is_new(
    shared: Notebook, charged: Callable[[], int]
) -> None:
    shared.ok(DUES.replace("30 t", "31 t").replace("clerk", "clerk -> mine: float", 1))
    before = charged()
    assert "403" in shared.ok("%replay").text
    assert "403" in shared.ok("%rerun -> again: float").text
    assert shared.value("again") == "403.0"
    assert charged() == before
    shared.ok(DUES.replace("30 t", "31 t").replace("clerk", "clerk --rerun -> mine: float", 1))
    assert charged() == before


def test_a_fork_goes_on_from_an_edited_result(shared: Notebook, charged: Callable[[], int]) -> None:
    shared.ok(DUES.replace("30 t", "32 t").replace("clerk", "clerk -> straight", 1))
    seq = shared.value(
        "[e.seq for e in __import__('agentkit').open_log().read(straight.run_id)"
        " if e.kind == 'step.ended' and e.step == 'tool'][0]"
    )
    run = shared.value("straight.run_id").strip("'")
    before = charged()
    cell = shared.ok(f"%fork {run[-8:]} --edit {seq}=999 -> other")
    assert "999" in cell.text
    assert charged() - before == 1
    assert "416" in shared.value("straight.text")


def test_a_fault_for_somebody_unknown_is_set_and_says_so(shared: Notebook) -> None:
    told = shared.ok("%faults 500=100% --actor clark").text
    assert "Nobody here is called clark yet; did you mean clerk?" in told
    assert "Nobody" not in shared.ok("%faults 500=100% --actor c*").text
    shared.ok("%faults off")


def test_faults_hit_simulated_models_here_and_those_of_the_server_given(shared: Notebook) -> None:
    shared.ok("from agentkit import Agent")
    shared.ok("here, there = Agent('here', model='sim:careful'), Agent('there')")
    shared.ok("%faults 500=100% --times 1")
    for name in ("here", "there"):
        shared.ok(f"%ask {name} What is 3 + 4?")
    assert "2 of 4" in shared.ok("%faults").text
    shared.ok("%faults off")
    assert "No faults" in shared.ok("%faults").text


def test_where_nothing_is_simulated_faults_say_so_and_are_no_error(shared: Notebook) -> None:
    given = shared.value("__import__('os').environ['AGENTKIT_BASE_URL']").strip("'")
    put = "__import__('os').environ.__setitem__('AGENTKIT_BASE_URL', {!r})"
    shared.ok(put.format("http://127.0.0.1:9/v1"))
    told = shared.ok("%faults 500=100% --actor clerk").text
    assert "sim-careful is not simulated" in told
    assert "No faults" in shared.ok("%faults off").text
    shared.ok(put.format(given))


def test_faults_hit_who_they_are_meant_for(shared: Notebook, charged: Callable[[], int]) -> None:
    # A pause is drawn from 0 on, and one that is too short to be seen is not shown: three are.
    listed = shared.ok("%faults 500=100% --actor clerk --times 3")
    assert "500" in listed.text and "clerk" in listed.text
    assert "3 of 3" not in listed.text
    cell = shared.ok(DUES.replace("30 t", "33 t"))
    assert "429 EUR" in cell.text
    assert any("tries again" in str(shown.get("text/markdown")) for shown in cell.updates)
    assert "No faults" in shared.ok("%faults off").text
    assert "behaves" in shared.ok("%faults").text


def test_a_budget_stops_an_ask_before_it_is_paid(
    shared: Notebook, charged: Callable[[], int]
) -> None:
    before = charged()
    cell = shared.run(DUES.replace("30 t", "34 t").replace("clerk", "clerk --budget 1", 1))
    assert cell.ename == "UnknownPrice" and "price=" in cell.error
    shared.ok("from agentkit import Agent, connect")
    shared.ok(
        "priced = Agent('priced', tools=[tariff], model=connect('sim-careful', price=(1, 1)))"
    )
    cell = shared.run(DUES.replace("30 t", "34 t").replace("clerk", "priced --budget 0", 1))
    assert cell.ename == "BudgetSpent"
    assert charged() == before
    assert "442" in shared.ok("%resume --budget 1").text
    assert (
        "$0.05 per ask" in shared.ok("%budget 0.05").text or "$0.0500" in shared.ok("%budget").text
    )
    assert "no budget" in shared.ok("%budget off").text


def test_the_endpoint_is_shown_and_changed(shared: Notebook) -> None:
    shown = shared.ok("%endpoint")
    assert "OPENAI_API_KEY not set" in shown.text
    assert "sim:hasty" in shared.ok("%endpoint sim:hasty").text
    try:
        assert "sim:hasty" in shared.ok("%%agent hurried\nBe quick.").text
    finally:
        shared.ok("%endpoint sim-careful")


def test_help_shows_options_and_an_example(shared: Notebook) -> None:
    reply = shared.client.execute("%%ask?", reply=True, timeout=30)
    text = reply["content"]["payload"][0]["data"]["text/plain"]
    assert "--budget USD" in text and "%%ask clerk" in text


def test_an_ask_inside_a_run_belongs_to_it(shared: Notebook) -> None:
    cell = shared.ok(
        """
from agentkit import run
async with run("lesson") as r:
    one = %ask clerk What are the dues for 60 t in Amber?
    two = %ask clerk --quiet What are the dues for 61 t in Amber?
"""
    )
    assert "780" in cell.text
    assert shared.value("{one.run_id, two.run_id} == {r.id}") == "True"
    failed = shared.run('async with run("lesson"):\n    %ask clerk --budget 1 What is 2 + 2?')
    assert failed.ename == "SetupError" and "inside a run" in failed.error


def test_an_answer_shows_itself_as_the_ask_did(shared: Notebook) -> None:
    asked = shared.ok("%ask clerk What is 3 + 4?")
    again = shared.ok("_")
    assert again.outputs[0]["text/markdown"] == asked.outputs[0]["text/markdown"]


def test_a_resume_while_a_run_goes_on_says_that_it_does(notebook: Notebook) -> None:
    notebook.ok("%load_ext nbext")
    notebook.ok(
        "from agentkit import pattern\nimport asyncio\n"
        "@pattern\nasync def endless(task):\n    await asyncio.Event().wait()"
    )
    notebook.ok("%ask endless --bg --quiet Go on")
    cell = notebook.run("%resume")
    assert "endless" in cell.error and "still works in the background" in cell.error
    assert "Stopped endless" in notebook.ok("%stop").text


def test_a_background_failure_is_told_where_it_was_started(shared: Notebook) -> None:
    shared.ok(
        """
from agentkit import AgentkitError, pattern
@pattern
async def sinking(task):
    raise AgentkitError("The quay is under water.", todo="wait for the ebb")
"""
    )
    cell = shared.ok(
        "w = %ask sinking --bg Go on\nimport asyncio\nwhile not w.done: await asyncio.sleep(0.01)"
    )
    assert "AgentkitError: The quay is under water. to do: wait for the ebb" in cell.text
    assert "failed" in shared.ok("%runs").text


def test_rerun_finds_the_run_of_the_same_task(shared: Notebook, charged: Callable[[], int]) -> None:
    for tonnes in (70, 71):
        shared.ok(f"%ask clerk --quiet What are the dues for {tonnes} t in Amber?")
    before = charged()
    shared.ok("%ask clerk --quiet --rerun What are the dues for 70 t in Amber?")
    shared.ok("%ask clerk --quiet --rerun What are the dues for 71 t in Amber?")
    assert charged() == before
    assert "0 calls" in shared.ok("%ask clerk --rerun What are the dues for 70 t in Amber?").text


def test_a_tool_in_a_thread_may_note_something(shared: Notebook) -> None:
    shared.ok(
        '''
from agentkit import Agent, current_run, tool
@tool(effect="pure")
def gauge(port: str) -> float:
    """Height of the tide in m in a port."""
    current_run().note("measured", {"port": port})
    return 1.5
gauger = Agent("gauger", "You measure tides.", tools=[gauge])
'''
    )
    assert "1.5" in shared.ok("%ask gauger What is the height of the tide in Amber?").text


def test_events_are_listed_with_the_numbers_that_fork_takes(shared: Notebook) -> None:
    shared.ok("%%ask clerk\nWhat are the dues for 30 t in Amber?")
    lines = shared.ok("%events --kind step.ended --find tariff").text.splitlines()
    (told,) = [line for line in lines if "step.ended  tariff(" in line]
    number = told.split()[0]
    assert f"#{number}" in shared.ok("%transcript").text
    assert shared.ok("%events --from 2 --to 3").text.splitlines()[1].split()[0] == "2"
    forked = shared.ok(f'%fork last --edit {number}="77 EUR"')
    assert "77" in forked.text
    assert shared.run("%events --actor nobody").ename == "SetupError"
    assert shared.run("%events --kind stp").ename == "SetupError"
    nothing = shared.ok("%events --kind step --find 'said by nobody'").text
    assert nothing == "No event is like that."  # a search that finds nothing is no error
    assert shared.run("%events --from x").ename == "SetupError"


def test_an_old_name_of_a_magic_works_says_the_new_one_and_is_listed_nowhere(
    shared: Notebook,
) -> None:
    shared.ok(DUES)
    text = shared.ok("%board last").text
    assert "%board is deprecated and goes in the next version; use %ballots." in text
    assert "No vote was noted" in text
    listed = shared.ok("%agentkit").text
    assert "%ballots" in listed and "%board" not in listed


def test_a_figure_in_a_task_reaches_the_model_as_an_image(shared: Notebook) -> None:
    shared.ok(
        """
import struct, zlib
from agentkit import Agent, Message, Reply, Usage
def png():
    def chunk(kind, data):
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(2)))
    return bytes.fromhex("89504e470d0a1a0a") + head + rows + chunk(b"IEND", b"")
class Figure:
    def savefig(self, where, **how):
        where.write(png())
class Seeing:
    name = "seeing"
    async def __call__(self, request, on_text=None):
        content = request.thread[-1].message.content
        seen = [part.data[1:4].decode() if not isinstance(part, str) else part for part in content]
        said = Message(role="assistant", content=" | ".join(seen))
        return Reply(message=said, usage=Usage(calls=1), model="seeing")
figure, seeing = Figure(), Agent("seeing", model=Seeing())
"""
    )
    shared.ok("%%ask seeing -> seen: str\nWhat is on {{ figure }}?")
    assert shared.value("seen") == "'What is on | PNG | ?'"
    cell = shared.ok("%transcript")
    assert "[image figure.png, image/png" in cell.text
    cell = shared.ok("%%ask seeing --rerun\nWhat is on {{ figure }}?")
    assert "reused" in cell.text or "0 calls" in cell.text
    assert shared.run("%%agent blind\nBe like {{ figure }}.").ename == "BadTemplate"


def test_tools_of_every_kind_are_found_by_their_names(shared: Notebook) -> None:
    shared.run(
        "from agentkit import Tool\n"
        "from agentkit.model import ToolSpec\n"
        "from agentkit.tools import Arguments, RemoteTool\n"
        "class Lamp(Tool):\n"
        "    spec = ToolSpec(name='lamp', description='Light it.', parameters={'type': 'object',\n"
        "                    'properties': {'on': {'type': 'boolean'}}})\n"
        "    def check(self, arguments): return Arguments({})\n"
        "    async def perform(self, arguments, context): return 'lit'\n"
        "class Half:\n"
        "    def check(self, arguments): ...\n"
        "    async def perform(self, arguments, context): ...\n"
        "async def blow(arguments): return 'blown'\n"
        "lamp, half, odd = Lamp(), Half(), 3\n"
        "horn = RemoteTool('horn', 'Blow it.', {'type': 'object'}, blow)"
    )
    cell = shared.run("%%agent keeper --tools lamp,horn\nYou keep the lighthouse.")
    assert (cell.status, "lamp(on), horn()" in cell.text) == ("ok", True)
    for name, words in (
        ("lam", "did you mean lamp?"),
        ("half", "A Half is no tool: it has no spec, effect"),
        ("odd", "odd is a int, not a tool."),
        ("Lamp", "Lamp is a kind of tools, and no tool."),
    ):
        assert words in shared.run(f"%%agent warden --tools {name}\nYou do.").error
    assert "lamp is a Tool, not an actor." in shared.run("%%ask lamp\nhi").error
    shared.ok("del keeper, lamp, half, horn, odd, Lamp, Half, blow")


def test_an_ask_that_takes_too_long_goes_on_with_more_time(shared: Notebook) -> None:
    line = "%%ask clerk --deadline 0.0001 --concurrency 1\nWhat are the dues for 35 t in Amber?"
    cell = shared.run(line)
    assert cell.ename == "DeadlinePassed" and "with a longer deadline_s" in cell.error
    assert "455" in shared.ok("%resume --deadline 60").text


def test_a_team_is_measured_from_a_cell_and_again_for_nothing(shared: Notebook) -> None:
    shared.ok(
        """
from agentkit import Agent
from agentkit.evaluate import Suite
from agentkit.testing import FunctionModel
rows = [{"id": f"s{n}", "input": f"Twice {n}", "target": str(2 * n)} for n in range(1, 5)]
def say(request):
    n = int(request.thread[-1].message.text.split()[-1])
    return str(2 * n if n < 4 else 0)
measured = Agent("measured", model=FunctionModel(say))
twice = Suite(rows, ["exact"], name="twice")
"""
    )
    cell = shared.ok("%evaluate measured twice --trials 3 -> found")
    assert "75.0%" in cell.text and "12/12" in cell.text and len(cell.outputs) == 2
    assert shared.value("found.pass_hat(3)") == "0.75"
    shared.ok("%evaluate measured rows --trials 3 -> found")
    assert shared.value("found.suite") == "'rows'"
    again = shared.ok("%evaluate measured twice --trials 3")
    assert "12 trials were recorded before" in again.text
    for wrong, why in (("measured none", "There is no none"), ("measured twice --trials 0", "0")):
        assert why in str(shared.run(f"%evaluate {wrong}").error)


def test_a_document_is_edited_in_a_cell_and_what_is_after_it_made_again(shared: Notebook) -> None:
    shared.ok(
        """
from agentkit import Agent
from agentkit.staged import Staged
from agentkit.testing import FunctionModel
def last(name):
    def say(request):
        return f"{name} of <{request.thread[-1].message.text.splitlines()[-1]}>"
    return Agent(f"{name} writer", model=FunctionModel(say))
drafted = Staged("tides", "Mend it.", {one: last(one) for one in ("plan", "code")})
"""
    )
    cell = shared.ok("%document drafted")
    assert "code of &lt;plan of &lt;Mend it.&gt;&gt;" in cell.text or "code of <plan" in cell.text
    shared.ok("%document drafted plan")
    shared.ok("%%document drafted plan\n1. modulo a day\n")
    assert shared.value("drafted['code'].text") == "'code of <1. modulo a day>'"
    shared.ok("%document drafted plan --undo")
    assert shared.value("drafted['plan'].state") == "'made'"
    for wrong, why in (("none", "There is no none"), ("drafted x", "no stage"), ("shared", "")):
        assert why in str(shared.run(f"%document {wrong}").error)
