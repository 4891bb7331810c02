"""The simulated endpoint: a real HTTP server over a rule-based brain, no language model.

`world` is what is asked about, `brain` answers without knowing it, `server` lets both be reached.
"""

from agentkit.deprecated import moved_modules

OLD_MODULES = {
    "documents": f"{__name__}.world.documents",
    "faults": f"{__name__}.server.faults",
    "host": f"{__name__}.server.host",
    "questions": f"{__name__}.world.questions",
    "tables": f"{__name__}.world.tables",
    "temperament": f"{__name__}.brain.temperaments",
    "thought": f"{__name__}.brain.thought",
}
"""What was of use outside of the simulation; the others are its own."""

moved_modules(__name__, OLD_MODULES)
