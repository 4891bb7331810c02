"""The simulated brain: it reads a conversation, solves what is asked, and says it, by rules.

It knows no facts and no wire dialect: `responding.respond` takes an `Ask` and gives a `Say`.
"""

from agentkit.deprecated import moved

OLD_NAMES = {
    "TEMPERAMENTS": f"{__name__}.temperaments:TEMPERAMENTS",
    "Temperament": f"{__name__}.temperaments:Temperament",
    "UnknownTemperament": f"{__name__}.temperaments:UnknownTemperament",
    "respond": f"{__name__}.responding:respond",
    "temperament": f"{__name__}.temperaments:temperament",
    "tokens": f"{__name__}.temperaments:tokens",
}
__getattr__ = moved(__name__, OLD_NAMES)
