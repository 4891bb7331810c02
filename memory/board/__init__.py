"""The board: state that agents share, kept on several replicas, with declared consistency.

The blackboard of Hearsay-II (Erman et al. 1980) as a replicated register per key. What a
concurrent write does is declared, not left to chance: the last one wins and the loss is
counted, or a write based on an old version is refused, or both are kept as siblings, or
they are merged by a data type made for it.
"""
