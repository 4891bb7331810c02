from agentkit import Agent


def build(tools):
    return Agent("clerk", "Look up what you say with your tools.", model="sim:careful", tools=tools)
