"""The port of Amber: a generated world of tables, documents, tools and questions with answers."""

from agentkit.sim.world.port import DEFAULT_SEED, World, world

__all__ = ["DEFAULT_SEED", "World", "world"]
