"""Teams from a cell: arrows, members of a pattern, its options, and what is refused."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentkit.sim.server import Server
from tests.nbext.conftest import TARIFF, kernel
from tests.nbext.notebook import Notebook

AGENTS = """
from agentkit import Agent
words = "You answer questions about the port of Amber."
ada, bo, cy, di = (Agent(name, words, tools=[tariff]) for name in ("ada", "bo", "cy", "di"))
"""


@pytest.fixture(scope="module")
def desk(sim: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """A kernel with four agents."""
    with kernel(tmp_path_factory.mktemp("desk"), sim) as notebook:
        notebook.ok("%load_ext nbext")
        notebook.ok(TARIFF + AGENTS)
        yield notebook


def test_arrows_make_a_graph_that_is_shown_checked_and_asked(desk: Notebook) -> None:
    cell = desk.ok("%%team chain\nada >> [bo, cy] >> di")
    assert "ada → bo" in cell.text and "cy → di" in cell.text
    assert "✓ Checked" in cell.text
    assert cell.outputs[1]["image/svg+xml"].startswith("<svg")
    assert desk.value("chain.name, chain.what") == "('chain', 'graph')"
    desk.ok("%%ask chain --quiet -> got\nWhat are the dues for 30 t in Amber?")
    assert desk.value("'390' in got.text, got.actor") == "(True, 'chain')"


THOUGHT_WITH = """
from agentkit import open_log
def thought_with(answer):
    steps = [e for e in open_log().read(answer.run_id) if e.kind == "step.ended"]
    return sorted({e.name for e in steps if e.step == "model"})
"""


def test_an_ask_of_a_team_names_the_model_of_all_or_of_some(desk: Notebook) -> None:
    desk.ok(THOUGHT_WITH + "pair = ada >> bo")
    desk.ok("%ask pair --quiet -> got What are the dues for 40 t in Amber?")
    (own,) = ast.literal_eval(desk.value("thought_with(got)"))
    for given, names in (
        ("--model sim:hasty", "['sim:hasty']"),
        ("--model bo=sim:hasty", str(sorted(["sim:hasty", own]))),
        ("--model bo=sim:hasty --model ada=sim:hasty", "['sim:hasty']"),
    ):
        desk.ok(f"%ask pair {given} --quiet -> got What are the dues for 40 t in Amber?")
        assert desk.value("thought_with(got)") == names
        # What goes back to that run asks the same models, also one that Python asked.
        desk.ok("%rerun last --quiet -> same")
        assert desk.value("thought_with(same)") == names
        assert desk.value("same.usage.calls == 0") == "True"
    desk.ok("got = await pair('What are the dues for 70 t in Amber?', model='sim:hasty')")
    desk.ok("%rerun last --quiet -> same\n%replay last --quiet -> seen")
    assert desk.value("thought_with(same), same.usage.calls, seen.text == got.text") == (
        "(['sim:hasty'], 0, True)"
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--model sim:hasty --model bo=sim:hasty", "one model for all"),
        ("--model bo=sim:hasty --model bo=sim:careful", "one for each agent"),
        ("--model bo=sim:hastyy", "sim:hasty"),
    ],
)
def test_models_of_an_ask_that_cannot_be_are_told(desk: Notebook, given: str, said: str) -> None:
    desk.ok("pair = ada >> bo")
    cell = desk.run(f"%ask pair {given} Is the port open?")
    assert said in cell.error and "Traceback" not in cell.error


def test_arrows_may_take_several_lines(desk: Notebook) -> None:
    one = desk.ok("%%team lines\nada >> bo  # first\nbo >> cy")
    other = desk.ok("%%team lines\nada >>\n  bo >>\n  cy")
    assert "ada → bo" in one.text and "bo → cy" in one.text
    assert one.outputs[1]["text/plain"] == other.outputs[1]["text/plain"]
    assert "replaces the earlier one" in other.text


def test_conditions_and_loops_stand_in_the_picture(desk: Notebook) -> None:
    desk.ok("def asks_for_money(state):\n    return 'dues' in state.text")
    desk.ok(
        "eve = Agent('eve', words)\nloop = (di >> eve).loop(until=asks_for_money, max_rounds=2)"
    )
    cell = desk.ok("%%team triage\nada >> [bo.when(asks_for_money), cy.when(otherwise)] >> loop")
    assert "asks for money" in cell.text
    assert "eve → di: again" in cell.text
    assert "ada → di" not in cell.text


def test_a_graph_that_cannot_run_is_shown_with_what_is_wrong(
    desk: Notebook, charged: Callable[[], int]
) -> None:
    cell = desk.ok("%%team rounds\nada >> bo\nbo >> ada")
    assert "✕ ada >> bo >> ada is a cycle without a bound." in cell.text
    before = charged()
    asked = desk.run("%ask rounds Hello")
    assert asked.ename == "SetupError" and "cycle without a bound" in asked.error
    assert charged() == before


def test_a_once_tool_without_approval_is_found(desk: Notebook) -> None:
    desk.ok(
        """
@tool(effect="once")
def pay(eur: float) -> str:
    "Pay."
    return "paid"
payer = Agent("payer", words, tools=[pay])
"""
    )
    for code in ("%%team paying\nada >> payer", "%%team paying --pattern vote\nada, payer"):
        assert "! payer can call pay (once) and nobody approves it." in desk.ok(code).text


def test_members_and_options_make_a_pattern(desk: Notebook) -> None:
    cell = desk.ok(
        "%%team jury --pattern debate --rounds 1 --stop-early --prompt short\nada, bo cy"
    )
    assert (
        "debate · actors: ada, bo, cy · rounds: 1 · prompt: short · stop_early: True" in cell.text
    )
    assert "jury → bo" in cell.text
    desk.ok("%%ask jury --quiet -> got\nWhat are the dues for 30 t in Amber?")
    assert desk.value("'390' in got.text, got.usage.calls >= 3") == "(True, True)"
    assert "jury" in desk.ok("%agents").text


WAYS = {
    "auction": "ada bo",
    "best_of --n 2 --scorer len": "ada",
    "chatchain --phases [Phase('code',ada,bo,'a formula')]": "",
    "contract_net": "ada bo",
    "crew --process hierarchical --manager di --jobs [Job('find','Find.','a number')]": "ada bo",
    "debate": "ada bo",
    "groupchat --select by_model(di)": "ada bo",
    "handoff": "ada bo",
    "hierarchy --regions [(bo,[cy])]": "ada",
    "judge": "ada bo cy",
    "ledger": "ada bo cy",
    "map_reduce --join quorum:1": "ada bo cy",
    "panel --raters bo,cy": "ada",
    "plan_and_execute": "ada bo",
    "quorum --k 2": "ada bo",
    "react": "ada bo",
    "reflect": "ada bo",
    "reflexion --evaluator bool": "ada",
    "router --by di": "ada bo",
    "self_consistency --samples 3": "ada",
    "sop --duties [Duty(ada,Note)]": "",
    "supervisor": "ada bo",
    "vote --options yes,no": "ada bo",
}
PARTS = """
from pydantic import BaseModel
from agentkit.patterns.chatchain import Phase
from agentkit.patterns.crew import Job
from agentkit.patterns.sop import Duty
class Note(BaseModel):
    text: str
class Letter(BaseModel):
    text: str
"""


@pytest.mark.parametrize("pattern", WAYS)
def test_every_pattern_is_built_from_a_cell(desk: Notebook, pattern: str) -> None:
    desk.ok(PARTS)
    cell = desk.ok(f"%%team any_{pattern.split()[0]} --pattern {pattern}\n{WAYS[pattern]}")
    assert f"any_{pattern.split()[0]} → ada" in cell.text


def test_names_fill_the_actors_of_a_pattern_in_their_order(desk: Notebook) -> None:
    facts = {
        "plan_and_execute": "planner: ada · workers: bo, cy",
        "map-reduce": "workers: ada, bo · reducer: cy",
        "judge --no-swap": "actors: ada, bo · arbiter: cy · swap: False",
        "groupchat --stop said('DONE') | turns(4) --closer di": "stop: said('DONE') | turns(4)",
        "groupchat --stop 'turns(4)'": "actors: ada, bo, cy · stop: 'turns(4)'",
    }
    for pattern, said in facts.items():
        cell = desk.ok(f"%%team t --pattern {pattern}\n# the members\nada\nbo,\ncy")
        assert said in cell.text
    desk.ok("experts = [ada, bo]")
    assert "actors: ada, bo, cy" in desk.ok("%%team t --pattern vote\nexperts cy").text.replace(
        "voters", "actors"
    )


def test_lines_with_a_label_say_who_does_what(desk: Notebook) -> None:
    cell = desk.ok("%%team board --pattern panel\nactors: ada\nraters: bo, cy, di")
    assert "actors: ada · raters: bo, cy, di" in cell.text
    cell = desk.ok("%%team board --pattern panel --raters bo,cy\nada")
    assert "actors: ada · raters: bo, cy" in cell.text
    cell = desk.ok("%%team board --pattern router\nby: di\nada bo")
    assert "actors: ada, bo · by: di" in cell.text


def test_lines_with_an_actor_say_who_is_below_it(desk: Notebook) -> None:
    desk.ok("me = Agent('me', words)")
    cell = desk.ok("%%team tree --pattern hierarchy\nada\nbo: cy\ndi: me")
    assert "top: ada · regions: bo, cy, di, me" in cell.text
    assert desk.run("%%team tree --pattern hierarchy\nada\nbb: cy").ename == "UnknownActor"
    assert "needs --regions" in desk.run("%%team tree --pattern hierarchy\nada").error


JOBS_DONE = """
from agentkit import open_log
def jobs_done(answer):
    notes = [e for e in open_log().read(answer.run_id) if e.kind == "noted" and e.topic == "job"]
    return [one.data["job"] for one in notes]
"""


def test_jobs_duties_and_phases_stand_a_line_each(desk: Notebook) -> None:
    desk.ok(PARTS)
    cell = desk.ok(
        "%%team office --pattern crew\n"
        "ada: find the dues for 30 t in Amber -> a number  # first\n"
        "bo: find the dues for 10 t in Amber -> one sentence"
    )
    assert "crew · actors: ada, bo · jobs: a number, one sentence" in cell.text
    desk.ok("%%ask office --quiet -> got\nWhat are the dues for 30 t in Amber?")
    desk.ok(JOBS_DONE)
    assert desk.value("jobs_done(got)") == "['a number', 'one sentence']"
    cell = desk.ok("%%team led --pattern crew --process hierarchical\nmanager: di\ncy\nada: x -> y")
    assert "actors: cy, ada · jobs: y · process: hierarchical · manager: di" in cell.text

    cell = desk.ok(
        "%%team papers --pattern sop\nada: Task -> Note: give the dues as its text\n"
        "bo: Note -> Letter"
    )
    assert "duties: Note, Letter" in cell.text
    desk.ok("%%ask papers --quiet -> got\nWhat are the dues for 30 t in Amber?")
    assert desk.value("'390' in got.data['Note']['text']") == "True"

    cell = desk.ok("%%team table --pattern chatchain\ndues: ada + bo: work out the dues")
    assert "phases: dues" in cell.text and "table → bo" in cell.text
    desk.ok("%%ask table --quiet -> got\nWhat are the dues for 30 t in Amber?")
    assert desk.value("'390' in got.text, list(got.data)") == "(True, ['dues'])"


def test_what_is_no_text_is_python_of_the_notebook(desk: Notebook) -> None:
    desk.ok(
        """
from agentkit.patterns.crew import Job
jobs = [Job("find", "Find the dues for 30 t in Amber.", "a number", by="ada"),
        Job("say", "Say them in one sentence.", "a sentence", by="bo")]
"""
    )
    assert "jobs: jobs" in desk.ok("%%team office --pattern crew --jobs jobs\nada bo").text
    desk.ok("n = 3")
    assert "rounds: 3" in desk.ok("%%team t --pattern debate --rounds n\nada bo").text
    assert (
        "by: (lambda task: 'ada')"
        in desk.ok("%%team t --pattern router --by (lambda task: 'ada')\nada bo").text
    )
    assert "{{" not in desk.ok("%%team t --pattern vote\n{{ ' '.join(['ada', 'bo']) }}").text


def test_a_function_of_the_notebook_is_a_pattern_too(desk: Notebook) -> None:
    desk.ok(
        '''
from collections.abc import Sequence
from agentkit import Actor
from agentkit.pattern import Pattern

def relay(actors: Sequence[Actor], laps: int = 1, *, name: str = "relay") -> Actor:
    """Hand an answer on, again and again.

    Args:
        actors: who runs.
        laps: how often round.
    """
    async def run(task):
        for one in [*actors] * laps:
            task = (await one(task)).text
        return task
    return Pattern(run, name, actors)
'''
    )
    assert "Hand an answer on" in desk.ok("%team").text
    assert "--laps N" in desk.ok("%team --pattern relay").text
    assert "laps: 2" in desk.ok("%%team r --pattern relay --laps 2\nada bo").text
    desk.ok("vote = relay")
    assert "laps: 1" in desk.ok("%%team r --pattern vote --laps 1\nada bo").text
    desk.ok("vote = 'a ballot'")
    assert "voters: ada, bo" in desk.ok("%%team r --pattern vote\nada bo").text


@pytest.mark.parametrize(
    ("code", "name", "said"),
    [
        ("%%team t\n", "SetupError", "t has no members"),
        ("%%team t\nada, bo", "SetupError", "--pattern NAME"),
        ("%%team t\nada >>", "SetupError", "no Python"),
        ("%%team t\nx = ada >> bo", "SetupError", "has no arrows"),
        ("%%team t\nada >> [bo, cyy]", "UnknownActor", "did you mean cy?"),
        ("%%team t\n[ada, bo] >> [cy, di]", "SetupError", "between two lists"),
        ("%%team t\nada >> 5", "SetupError", "5 cannot stand in a graph"),
        ("%%team ada\nada >> bo", "SetupError", "ada cannot be a member of ada"),
        ("%%team ada --pattern vote\nada bo", "SetupError", "ada cannot be a member of ada"),
        ("%%team t --rounds 2\nada bo", "SetupError", "--pattern debate or --pattern"),
        ("%%team t --pattern debat\nada bo", "SetupError", "did you mean debate?"),
        ("%%team t --pattern debate --round 2\nada bo", "SetupError", "did you mean --rounds?"),
        ("%%team t --pattern debate --rounds two\nada bo", "SetupError", "a whole number"),
        ("%%team t --pattern debate --rounds 0\nada bo", "SetupError", "rounds is 0"),
        ("%%team t --pattern debate --prompt shor\nada bo", "SetupError", "did you mean short?"),
        ("%%team t --pattern debate --judge zed\nada bo", "UnknownActor", "zed"),
        ("%%team t --pattern debate --key 5\nada bo", "SetupError", "--key of debate is '5'"),
        ("%%team t --pattern debate --key nokey\nada bo", "SetupError", "'nokey' is not defined"),
        ("%%team t --pattern groupchat --stop turn(3)\nada", "SetupError", "did you mean turns?"),
        ("%%team t --pattern debate --key (\nada bo", "SetupError", "is no Python"),
        ("%%team t --pattern debate\n", "SetupError", "debate was given nobody"),
        ("%%team t --pattern debate\nada bo ada", "SetupError", "ada is listed twice"),
        ("%%team t --pattern debate\nada bo zed", "UnknownActor", "zed"),
        ("%%team t --pattern debate\nada >> bo", "SetupError", "leave --pattern out"),
        ("%%team t --pattern debate\nada + bo", "SetupError", "'+'"),
        ("%%team t --pattern debate\njugde: ada", "SetupError", "did you mean judge?"),
        ("%%team t --pattern reflect\nada bo cy", "SetupError", "author, critic"),
        ("%%team t --pattern panel\nada bo cy", "SetupError", "a line actors: a, b"),
        ("%%team t --pattern quorum\nada bo cy", "SetupError", "quorum needs --k N"),
        ("%%team t --pattern quorum --k 4\nada bo cy", "SetupError", "4"),
        ("%%team t --pattern crew --jobs 1/0\nada bo", "SetupError", "ZeroDivisionError"),
        ("%%team t --pattern crew --jobs [1]\nada bo", "SetupError", "--jobs of crew"),
        ("%%team t --pattern crew\nada bo", "SetupError", "ACTOR: TASK -> RESULT"),
        ("%%team t --pattern crew\nada: find", "SetupError", "Line 1 of the body, 'ada: find'"),
        ("%%team t --pattern crew\nada\nbo: -> x", "SetupError", "Line 2 of the body, 'bo: -> x'"),
        ("%%team t --pattern crew\nadda: a -> x", "UnknownActor", "Line 1 of the body"),
        ("%%team t --pattern crew\nada: a -> x\nbo: b -> x", "SetupError", "are called 'x'"),
        ("%%team t --pattern crew --jobs []\nada: a -> x", "SetupError", "crew has no 'ada'"),
        ("%%team t --pattern sop\nada: Task -> Nte", "SetupError", "'Nte' is no type of document"),
        ("%%team t --pattern sop\nada: Letter -> Note", "SetupError", "wait for ever"),
        ("%%team t --pattern sop\nada", "SetupError", "sop was given ada"),
        ("%%team t --pattern chatchain\np: ada: go", "SetupError", "a phase is a chat of two"),
        ("%%team t --pattern chatchain\np: ada + bo", "SetupError", "PHASE: ACTOR + ACTOR: GOAL"),
        ("%%team t --pattern chatchain\np: ada + zed: go", "UnknownActor", "Line 1 of the body"),
        ("%%team t --pattern chatchain\np: ada + ada: go", "SetupError", "ada"),
        ("%%team\nada >> bo", "SetupError", "needs NAME"),
        ("%%team words\nada >> bo", "SetupError", "words already holds a str"),
        ("%%team 3x\nada >> bo", "SetupError", "A team cannot be called '3x'"),
    ],
)
def test_mistakes_are_told_before_anything_is_paid(
    desk: Notebook, charged: Callable[[], int], code: str, name: str, said: str
) -> None:
    before = charged()
    cell = desk.run(code)
    assert (cell.ename, said in cell.error) == (name, True), cell.error or cell.text
    assert charged() == before


def test_help_lists_the_patterns_and_their_options(desk: Notebook) -> None:
    for code in ("%team", "%%team --help"):
        shown = desk.ok(code).text
        assert "debate" in shown and "plan_and_execute" in shown and "planner, workers" in shown
    shown = desk.ok("%%team --pattern debate --help").text
    assert "--rounds N" in shown and "the first without others included" in shown
    asked = desk.client.execute("%%team?", reply=True, timeout=30)
    text = asked["content"]["payload"][0]["data"]["text/plain"]
    assert "Patterns:" in text and "self_consistency" in text and "--pattern PATTERN" in text


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("%%team t --pattern deb", ["debate"]),
        ("%%team t --pattern debate --rou", ["--rounds"]),
        ("%%team t --pattern debate --prompt sh", ["short"]),
        ("%%team t --pattern debate --judge ad", ["ada"]),
        ("%%team t --pattern groupchat --select by_m", ["by_model("]),
        ("%%team t --pattern panel --raters ada,d", ["di"]),
        ("%%team t --pattern debate\nada, d", ["di"]),
        ("%%team t --pattern debate\nsumm", ["summariser:"]),
        ("%%team t\nada >> [bo, d", ["di"]),
        ("%graph ada --pl", ["--plan"]),
    ],
)
def test_patterns_options_and_members_complete(
    desk: Notebook, typed: str, offered: list[str]
) -> None:
    assert desk.complete(typed) == offered


def test_a_team_is_drawn_before_it_is_asked_and_its_run_after(desk: Notebook) -> None:
    desk.ok("%%team pair --pattern vote\nada bo")
    plan = desk.ok("%graph pair")
    assert "pair → ada: not yet" in plan.text and "ada → tariff" in plan.text
    desk.ok("%ask pair --quiet What is 2 + 2?")
    assert "pair → ada: 1 task" in desk.ok("%graph pair").text
    assert "pair → ada: not yet" in desk.ok("%graph pair --plan").text
    # One that is defined anew was not asked, though there are runs of that name.
    desk.ok("%%team pair --pattern vote\nada bo")
    assert "pair → ada: not yet" in desk.ok("%graph pair").text
    both = desk.ok("%ask pair --quiet What is 2 + 2?\n%graph pair")
    assert "pair → ada: 1 task" in both.text


def test_a_team_goes_on_after_its_kernel_died(
    sim: Server, tmp_path: Path, charged: Callable[[], int]
) -> None:
    cells = ["%load_ext nbext", TARIFF + AGENTS, "%%team chain\nada >> bo"]
    ask = "%ask chain What are the dues for 30 t in Amber?"
    with kernel(tmp_path, sim) as notebook:
        for cell in cells:
            notebook.ok(cell)
        before = charged()
        notebook.ok(ask)
        whole = charged() - before
        notebook.ok("%faults 500=100% --actor bo")
        assert notebook.run(ask).ename == "Overloaded"
        assert 0 < charged() - before - whole < whole
        notebook.ok("%faults off")
        notebook.restart()
        for cell in cells:
            notebook.ok(cell)
        assert "390" in notebook.ok("%resume").text
        assert charged() - before == 2 * whole
