"""A checker of what shared state promises, in the manner of Jepsen.

Sessions of several processes read and write boards and states while messages are delayed, reordered
and dropped, the network is cut, clocks are wrong, and clients and processes die. What they asked
and were told is a history; a level of consistency is a definition that every history must fulfil.
"""
