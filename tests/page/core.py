"""What a reader does in a page, by Pyodide on Node: `page.test.mjs` checks the last line."""
# ruff: noqa: F704  # Pyodide awaits at the top, as a notebook does

import asyncio
import json
import threading

import httpx

from agentkit import Agent, connect, gather, open_log, pattern, tool
from agentkit.errors import AgentkitError
from agentkit.sim.inside import URL, inside

FOUND = {}
PATH = "sqlite:////home/pyodide/.agentkit/log.db"


@tool(effect="pure")
def tariff(port: str, tonnes: float) -> float:
    """Harbour dues in EUR for a ship of so many tonnes in a port."""
    return round({"Amber": 2.64, "Briar": 3.1}[port] * tonnes, 2)


clerk = Agent("clerk", "Use your tools.", model="sim:careful", tools=[tariff])
checker = Agent(
    "checker", "Use your tools.", model=connect("sim:careful", retries=0), tools=[tariff]
)


@pattern
async def office(task: str) -> str:
    draft = await clerk(task)
    return (await checker(task)).text + " = " + draft.text


async def faults(method: str, **rule: object) -> None:
    async with httpx.AsyncClient(transport=inside()) as client:
        (await client.request(method, f"{URL}/sim/faults", json=rule or None)).raise_for_status()


log = open_log(PATH)
answer = await clerk("What are the dues for 30 t in Amber?", log=log)
FOUND["answer"] = answer.text
FOUND["calls"] = answer.usage.calls

pieces = [one async for one in clerk.stream("What are the dues for 31 t in Briar?", log=log)]
FOUND["pieces"] = sum(type(one).__name__ == "Delta" for one in pieces)

many = await gather(
    *[clerk(f"What are the dues for {n} t in Amber?", log=log) for n in range(20, 28)]
)
FOUND["parallel"] = [f"{round(2.64 * n, 2):g}" in one.text for n, one in enumerate(many, 20)]

# A page that is closed in mid-run: the log is all that is left.
await faults("POST", kind="stall", actor="checker")
task = asyncio.ensure_future(office("What are the dues for 50 t in Briar?", log=log))
await asyncio.sleep(1)
task.cancel()
FOUND["interrupted"] = isinstance(
    (await asyncio.gather(task, return_exceptions=True))[0], BaseException
)
log.close()
await faults("DELETE")
log = open_log(PATH)
run = next(one for one in log.runs() if one.actor == "office")
FOUND["status"] = run.status
resumed = await office.resume(run.id, log=log)
FOUND["resumed"] = resumed.text
FOUND["paid"] = sum(event.kind == "step.started" for event in log.read(run.id))
FOUND["replayed"] = (await office.replay(run.id, log=log)).text == resumed.text
FOUND["verify"] = log.verify()

await faults("POST", kind="500")
try:
    await checker("What are the dues for 30 t in Amber?", log=log)
except AgentkitError as error:
    FOUND["error"] = type(error).__name__
await faults("DELETE")

FOUND["threads"] = threading.active_count()
json.dumps(FOUND)
