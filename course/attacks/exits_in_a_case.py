# Ends the program in the middle of a case.
import sys


def build(tools):
    async def answer(task):
        sys.exit(0)

    return answer
