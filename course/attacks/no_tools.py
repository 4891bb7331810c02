from agentkit import Agent


def build(tools):
    return Agent("clerk", "Answer at once.", model="sim:careful")
