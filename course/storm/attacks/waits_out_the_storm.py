# Hopes that the weather gets better by itself, and guesses.
import asyncio


class Said:
    text = "Amber"


def build(tools):
    async def answer(task):
        await asyncio.sleep(15)
        return Said()

    return answer
