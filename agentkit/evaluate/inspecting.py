"""Inspect AI, both ways: our teams in its tasks, its tasks on our teams, our results as its logs.

    solver=inspecting.solver(team)                   # in a Task of Inspect
    inspecting.written(result, suite, "logs/r.eval")  # inspect view start --log-dir logs
    await evaluate(team, inspecting.suite(task))     # a Task of Inspect, its scorers included

Inspect is imported when one of these is called; no extra brings it.
Source: https://inspect.aisi.org.uk, of version 0.3.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentkit.actor import Actor
from agentkit.errors import SetupError
from agentkit.evaluate.evaluation import Evaluation, Scored
from agentkit.evaluate.samples import Sample
from agentkit.evaluate.scorers import FunctionScorer, Score, ScorerInput
from agentkit.evaluate.suite import Suite
from agentkit.events import Event, StepEnded
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import Message, canonical, jsonable
from agentkit.opening import run


def package(name: str) -> Any:
    """Return a module of Inspect.

    Raises:
        SetupError: it is not installed.
    """
    import importlib

    try:
        return importlib.import_module(f"inspect_ai.{name}")
    except ImportError as error:
        raise SetupError(
            f"Inspect AI cannot be imported: {error}.", todo="pip install inspect-ai (300 MB)"
        ) from error


def solver(actor: Actor, *, log: Log | None = None) -> Any:
    """Return an actor as a solver of Inspect; each sample of each epoch is a run of its own.

    Args:
        actor: who is asked what a sample's input is, as text.
        log: where its runs go.

    Raises:
        SetupError: Inspect is not installed.
    """
    model, solvers = package("model"), package("solver")

    @solvers.solver(name=f"agentkit_{actor.name}")  # type: ignore[untyped-decorator]
    def made() -> Any:
        async def solve(state: Any, generate: Any) -> Any:
            name = f"inspect {state.sample_id}, epoch {state.epoch}"
            async with run(name, log=log or open_log(), seed=state.epoch, task=state.input_text):
                answer = await actor(state.input_text)
            state.messages += [theirs(one.message, model) for one in answer.thread[1:]]
            state.output = model.ModelOutput.from_content(
                model=str(actor.model_name or actor.name), content=answer.text
            )
            state.metadata["agentkit_run"] = answer.run_id
            state.completed = True
            return state

        return solve

    return made()


def theirs(message: Message, model: Any, function: str = "") -> Any:
    """Return a message as Inspect has it."""
    if message.role == "system":
        return model.ChatMessageSystem(content=message.text)
    if message.role == "user":
        return model.ChatMessageUser(content=message.text)
    if message.role == "tool":
        error = {"error": {"type": "unknown", "message": message.text}} if message.error else {}
        return model.ChatMessageTool(
            content=message.text, tool_call_id=message.call_id, function=function or None, **error
        )
    calls = [
        {"id": one.id, "function": one.name, "arguments": read(one.arguments), "type": "function"}
        for one in message.calls
    ]
    return model.ChatMessageAssistant(content=message.text, tool_calls=calls or None)


def read(arguments: str) -> dict[str, Any]:
    """Return the arguments of a call, whatever the model wrote."""
    import json

    try:
        found = json.loads(arguments or "{}")
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"text": arguments}


def suite(task: Any, name: str = "") -> Suite:
    """Return a task of Inspect as a suite: its samples, judged by its scorers.

    Args:
        task: a Task; its solver is not used, as the team that is evaluated stands in its place.
        name: of the suite; by default that of the task.

    Raises:
        SetupError: it has no samples or no scorer, or a sample wants a sandbox of Inspect's.
    """
    rows = []
    for number, one in enumerate(task.dataset, 1):
        if one.sandbox is not None or one.setup is not None:
            raise SetupError(
                f"Sample {one.id or number} wants a sandbox of Inspect's.",
                expected="samples that are a question",
                todo="run the task in Inspect with solver=inspecting.solver(team)",
            )
        asked = one.input if isinstance(one.input, str) else one.input[-1].text
        choices = [f"{chr(65 + n)}) {text}" for n, text in enumerate(one.choices or [])]
        rows.append(
            {
                "id": str(one.id if one.id is not None else number),
                "input": "\n".join([asked, *choices]),
                "target": one.target,
                "metadata": jsonable(one.metadata or {}),
            }
        )
    scorers = [as_rule(one, n) for n, one in enumerate(listed(task.scorer))]
    if not scorers:
        raise SetupError("The task has no scorer.", expected="Task(..., scorer=...)")
    return Suite(rows, scorers, name=name or str(task.name))


def listed(given: Any) -> Sequence[Any]:
    """Return one thing, or several, as several."""
    if given is None:
        return ()
    return given if isinstance(given, list | tuple) else [given]


def as_rule(theirs_is: Any, number: int) -> FunctionScorer:
    """Return a scorer of Inspect as ours."""
    scorers, models, solvers = package("scorer"), package("model"), package("solver")
    known = getattr(theirs_is, "__registry_info__", None)
    name = str(getattr(known, "name", "")).rpartition("/")[2] or f"scorer {number + 1}"

    async def judge(case: ScorerInput) -> Score:
        text, target = case.text, case.target
        accepted = [str(one) for one in target] if isinstance(target, list) else str(target)
        output = models.ModelOutput.from_content(model="agentkit/team", content=text)
        state = solvers.TaskState(
            model=models.ModelName("agentkit/team"),
            sample_id=case.sample.id,
            epoch=1,
            input=case.sample.text,
            messages=[*messages_of(case.sample.text, case.events, models)],
            target=scorers.Target(accepted),
            output=output,
            completed=True,
            metadata=dict(case.meta.get("metadata") or {}),
        )
        made = theirs_is(state, scorers.Target(accepted))
        found = await made if inspect.isawaitable(made) else made
        value = float(scorers.value_to_float()(found.value))
        why = found.explanation or f"{found.answer!r}" if value < 1 else ""
        return Score(value=min(1.0, max(0.0, value)), passed=value >= 1, why=str(why)[:300])

    return FunctionScorer(name, judge)


def messages_of(asked: str, events: Sequence[Event], model: Any) -> Iterator[Any]:
    """Yield what was said in a run: the question, replies of models, results of tools."""
    yield model.ChatMessageUser(content=asked)
    waiting: list[Any] = []
    for event in events:
        if not isinstance(event, StepEnded):
            continue
        if event.step == "model" and event.nodes:
            waiting += event.nodes[-1].message.calls
            yield theirs(event.nodes[-1].message, model)
        elif event.step == "tool":
            call = next((one for one in waiting if one.name == event.name), None)
            if call is not None:
                waiting.remove(call)
            text = event.error.text if event.error else in_words(event.given)
            said = Message(
                role="tool", content=text, call_id=call.id if call else "", error=bool(event.error)
            )
            yield theirs(said, model, event.name)


def in_words(value: Any) -> str:
    """Return what a tool gave as text."""
    return value if isinstance(value, str) else canonical(jsonable(value))


def written(result: Evaluation, suite: Suite, path: str | Path, *, log: Log | None = None) -> Path:
    """Write an evaluation as a log of Inspect, which its viewer opens.

    Args:
        result: the evaluation.
        suite: what it was made on.
        path: a file that ends with .eval or .json; one that is there is replaced.
        log: where its trials are; the default log without one.

    Raises:
        SetupError: Inspect is not installed, or the file has another ending.
    """
    logs = package("log")
    if Path(path).suffix not in (".eval", ".json"):
        raise SetupError(f"{path} cannot be a log of Inspect.", expected="a file .eval or .json")
    source = log or open_log()
    known = {one.id: one for one in suite.dataset}
    epochs = Counter[str]()
    samples = []
    for one in result.trials:
        epochs[one.question] += 1
        events = source.read(one.run_id) if one.run_id else []
        samples.append(sample_of(one, known[one.question], epochs[one.question], events))
    spec = logs.EvalSpec(
        created=datetime.now(UTC).isoformat(),
        task=result.suite,
        dataset=logs.EvalDataset(
            name=suite.dataset.name or result.suite,
            samples=len(known),
            sample_ids=list(known),
        ),
        model=f"agentkit/{result.contender}",
        config=logs.EvalConfig(epochs=result.planned),
        metadata={"agentkit_run": result.run_id, "dataset_version": result.version},
    )
    whole = logs.EvalLog(
        status="success" if result.complete else "cancelled",
        eval=spec,
        results=logs.EvalResults(
            total_samples=len(known) * result.planned,
            completed_samples=len(samples),
            scores=means_of(result),
        ),
        samples=samples,
    )
    logs.write_eval_log(whole, str(path))
    return Path(path)


def means_of(result: Evaluation) -> list[Any]:
    """Return the mean of each scorer, and the accuracy as "right"."""
    logs = package("log")
    names = [*result.scorers, "right"]
    means = {name: mean_or_zero([value_of(one, name) for one in result.trials]) for name in names}
    return [
        logs.EvalScore(
            name=name,
            scorer=name,
            metrics={"accuracy": logs.EvalMetric(name="accuracy", value=value)},
        )
        for name, value in means.items()
    ]


def sample_of(trial: Scored, sample: Sample, epoch: int, events: Sequence[Event]) -> Any:
    """Return a trial as a sample of Inspect."""
    logs, models, scorers = package("log"), package("model"), package("scorer")
    scores = {
        name: scorers.Score(value=one.value, answer=trial.text, explanation=one.why or None)
        for name, one in trial.scores.items()
    }
    scores["right"] = scorers.Score(value="C" if trial.right else "I", answer=trial.text)
    target = sample.target
    texts = [one if isinstance(one, str) else canonical(one) for one in listed(target)]
    failed = trial.status != "answered"
    error = {"error": {"message": trial.error or trial.status, "traceback": "",
                       "traceback_ansi": ""}} if failed else {}  # fmt: skip
    return logs.EvalSample(
        id=sample.id,
        epoch=epoch,
        input=sample.text,
        target=texts[0] if len(texts) == 1 else texts,
        messages=list(messages_of(sample.text, events, models)),
        output=models.ModelOutput.from_content(
            model=f"agentkit/{trial.contender}", content=trial.text
        ),
        scores=scores,
        total_time=trial.latency_s,
        metadata={"agentkit_run": trial.run_id, "cost_usd": trial.cost_usd},
        **error,
    )


def value_of(trial: Scored, name: str) -> float:
    """Return what a scorer gave a trial; "right" is all of them together."""
    if name == "right":
        return float(trial.right)
    return trial.scores[name].value if name in trial.scores else 0.0


def mean_or_zero(values: Sequence[float]) -> float:
    """Return the mean; 0 of none."""
    return sum(values) / len(values) if values else 0.0
