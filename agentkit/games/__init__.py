"""Games between agents: what they are paid, how they could reply, and where nobody moves any more.

    found = await repeated(PRISONERS, [strategy("tit for tat"), agent], rounds=10)("Play.")
    match_of(found).regret("agent")

A player is any actor: an agent, a person, a few lines of Python. Each round is a `gather` of asks,
so a match is a run as any: drawn, resumed, replayed, forked ("what if it had defected then?").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentkit.deprecated import moved
from agentkit.late import late_names

if TYPE_CHECKING:
    from agentkit.games.congestion import Improving as Improving
    from agentkit.games.congestion import congestion as congestion
    from agentkit.games.congestion import improving as improving
    from agentkit.games.dynamics import SharePath as SharePath
    from agentkit.games.dynamics import fictitious_play as fictitious_play
    from agentkit.games.dynamics import gradient_play as gradient_play
    from agentkit.games.dynamics import replicator as replicator
    from agentkit.games.equilibria import Equilibria as Equilibria
    from agentkit.games.equilibria import Equilibrium as Equilibrium
    from agentkit.games.equilibria import equilibria as equilibria
    from agentkit.games.equilibria import price_of_anarchy as price_of_anarchy
    from agentkit.games.game import CHICKEN as CHICKEN
    from agentkit.games.game import PENNIES as PENNIES
    from agentkit.games.game import PRISONERS as PRISONERS
    from agentkit.games.game import SEXES as SEXES
    from agentkit.games.game import STAG as STAG
    from agentkit.games.game import Game as Game
    from agentkit.games.game import commons as commons
    from agentkit.games.learners import Learned as Learned
    from agentkit.games.learners import q_learner as q_learner
    from agentkit.games.learners import q_learning as q_learning
    from agentkit.games.learners import reinforce as reinforce
    from agentkit.games.match import Match as Match
    from agentkit.games.match import match_of as match_of
    from agentkit.games.measures import payoff as payoff
    from agentkit.games.measures import regret as regret
    from agentkit.games.measures import welfare as welfare
    from agentkit.games.mechanisms import Decision as Decision
    from agentkit.games.mechanisms import Lie as Lie
    from agentkit.games.mechanisms import all_pay as all_pay
    from agentkit.games.mechanisms import first_price as first_price
    from agentkit.games.mechanisms import lies as lies
    from agentkit.games.mechanisms import second_price as second_price
    from agentkit.games.mechanisms import vcg as vcg
    from agentkit.games.pricing import Market as Market
    from agentkit.games.pricing import PricingSession as PricingSession
    from agentkit.games.pricing import learn_prices as learn_prices
    from agentkit.games.repeated import repeated as repeated
    from agentkit.games.strategies import STRATEGIES as STRATEGIES
    from agentkit.games.strategies import strategy as strategy
    from agentkit.games.tournament import Tournament as Tournament
    from agentkit.games.tournament import tournament as tournament

HOMES = {
    "CHICKEN": "agentkit.games.game",
    "Decision": "agentkit.games.mechanisms",
    "Equilibria": "agentkit.games.equilibria",
    "Equilibrium": "agentkit.games.equilibria",
    "Game": "agentkit.games.game",
    "Improving": "agentkit.games.congestion",
    "Learned": "agentkit.games.learners",
    "Lie": "agentkit.games.mechanisms",
    "Market": "agentkit.games.pricing",
    "Match": "agentkit.games.match",
    "PENNIES": "agentkit.games.game",
    "PRISONERS": "agentkit.games.game",
    "SharePath": "agentkit.games.dynamics",
    "SEXES": "agentkit.games.game",
    "STAG": "agentkit.games.game",
    "STRATEGIES": "agentkit.games.strategies",
    "PricingSession": "agentkit.games.pricing",
    "Tournament": "agentkit.games.tournament",
    "all_pay": "agentkit.games.mechanisms",
    "commons": "agentkit.games.game",
    "congestion": "agentkit.games.congestion",
    "equilibria": "agentkit.games.equilibria",
    "fictitious_play": "agentkit.games.dynamics",
    "first_price": "agentkit.games.mechanisms",
    "gradient_play": "agentkit.games.dynamics",
    "improving": "agentkit.games.congestion",
    "learn_prices": "agentkit.games.pricing",
    "lies": "agentkit.games.mechanisms",
    "match_of": "agentkit.games.match",
    "payoff": "agentkit.games.measures",
    "price_of_anarchy": "agentkit.games.equilibria",
    "q_learner": "agentkit.games.learners",
    "q_learning": "agentkit.games.learners",
    "regret": "agentkit.games.measures",
    "reinforce": "agentkit.games.learners",
    "repeated": "agentkit.games.repeated",
    "replicator": "agentkit.games.dynamics",
    "second_price": "agentkit.games.mechanisms",
    "strategy": "agentkit.games.strategies",
    "tournament": "agentkit.games.tournament",
    "vcg": "agentkit.games.mechanisms",
    "welfare": "agentkit.games.measures",
}

__all__ = [
    "CHICKEN",
    "Decision",
    "Equilibria",
    "Equilibrium",
    "Game",
    "Improving",
    "Learned",
    "Lie",
    "Market",
    "Match",
    "PENNIES",
    "PRISONERS",
    "SharePath",
    "SEXES",
    "STAG",
    "STRATEGIES",
    "PricingSession",
    "Tournament",
    "all_pay",
    "commons",
    "congestion",
    "equilibria",
    "fictitious_play",
    "first_price",
    "gradient_play",
    "improving",
    "learn_prices",
    "lies",
    "match_of",
    "payoff",
    "price_of_anarchy",
    "q_learner",
    "q_learning",
    "regret",
    "reinforce",
    "repeated",
    "replicator",
    "second_price",
    "strategy",
    "tournament",
    "vcg",
    "welfare",
]

late_names(__name__, HOMES)


__getattr__ = moved(
    __name__,
    {
        "Path": "agentkit.games.dynamics:SharePath",
        "Session": "agentkit.games.pricing:PricingSession",
    },
)
