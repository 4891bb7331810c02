"""Sentences about agents, and questions that ask for one of them in other words."""

SENTENCES = (
    "A planner splits a large task into smaller steps before any worker begins.",
    "The supervisor hands every request to the specialist that fits it best.",
    "Two agents argue opposite sides and a judge picks the stronger argument.",
    "A circuit breaker stops calling an endpoint that fails again and again.",
    "Retries wait longer after each failure, with some randomness added.",
    "The event log records every action in order and is never rewritten.",
    "A crashed run continues from its last recorded step.",
    "The budget ends a run once it has cost too much money.",
    "Tools let a model call ordinary functions with typed arguments.",
    "A person has to approve dangerous actions before they are carried out.",
    "Text found in documents must not be obeyed as if the user had said it.",
    "Long conversations are summarised so that they fit the model's window.",
    "Nearby vectors stand for texts of similar meaning.",
    "Reflection lets an agent criticise its own draft and write a better one.",
    "Several answers are sampled and the most frequent one wins.",
    "A message queue keeps letters until a consumer has confirmed them.",
    "Vector clocks tell whether two updates happened one after the other or at the same time.",
    "The slowest worker decides how long the whole group takes.",
    "A cache returns an earlier reply when the same request comes again.",
    "Streaming shows the first words before the whole reply is ready.",
)

QUESTIONS = (
    ("How is a large task divided up in advance?", 0),
    ("Who decides which expert gets a query?", 1),
    ("How does a debate between two agents get settled?", 2),
    ("What protects us from a service that is down for good?", 3),
    ("How is the pause between retries chosen?", 4),
    ("Where can I see the full history of what happened?", 5),
    ("What happens to a run after the process dies in the middle?", 6),
    ("How do I keep spending under control?", 7),
    ("How can the LLM call my Python code?", 8),
    ("When does a human need to say yes?", 9),
    ("How do we defend against orders hidden in documents?", 10),
    ("What do we do when the chat gets too big for the context?", 11),
    ("How are texts about related things found?", 12),
    ("How does an agent improve its own work?", 13),
    ("How does voting over sampled answers work?", 14),
    ("How can concurrent writes be detected?", 16),
    ("Why is the group as slow as its worst straggler?", 17),
    ("How can the user see output early?", 19),
)
"""Each with the place of the sentence that answers it. Every second one shares a word with it, the
others none that tells much."""
