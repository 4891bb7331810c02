# A case that takes all of the processor and never awaits.
def build(tools):
    async def answer(task):
        while True:
            pass

    return answer
