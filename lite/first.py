"""What a lesson's first cells import, for `compile.mjs`: kernel, extension, an agent."""
# ruff: noqa: F704  # Pyodide awaits at the top, as a notebook does

import importlib

from agentkit import Agent, gather, open_log, pattern, tool

importlib.import_module("piplite.piplite")
importlib.import_module("pyodide_kernel")
shell = importlib.import_module("IPython").get_ipython()
importlib.import_module("nbext.early").prepare(shell)
shell.run_line_magic("load_ext", "nbext")


@tool(effect="pure")
def tariff(port: str, tonnes: float) -> float:
    """Harbour dues in EUR for a ship of so many tonnes in a port."""
    return round({"Amber": 2.64, "Briar": 3.1}[port] * tonnes, 2)


clerk = Agent("clerk", "Use your tools.", model="sim:careful", tools=[tariff])


@pattern
async def office(task: str) -> str:
    """A team of one."""
    return (await clerk(task)).text


log = open_log("sqlite:////tmp/first.db")
await office("What are the dues for 30 t in Amber?", log=log)
await gather(clerk("What are the dues for 31 t in Briar?", log=log))
