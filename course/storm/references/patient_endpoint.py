from agentkit import Agent, connect


def build(tools):
    model = connect("sim:careful", retries=8)
    return Agent("clerk", "Look up what you say with your tools.", model=model, tools=tools)
