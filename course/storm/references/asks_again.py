from agentkit import Agent, AgentkitError, connect


def build(tools):
    model = connect("sim:careful", retries=5)

    async def answer(task):
        for attempt in range(3):
            clerk = Agent(f"clerk{attempt}", "Look up what you say with your tools.", model=model, tools=tools)
            try:
                return await clerk(task)
            except AgentkitError:
                if attempt == 2:
                    raise

    return answer
