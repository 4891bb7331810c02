from agentkit import Agent


def build(tools):
    return Agent("clerk", "Use your tools.", model="sim:oracle", tools=tools)
