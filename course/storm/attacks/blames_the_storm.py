# Says that it could not be done.
class Said:
    text = "The endpoint failed; there is no answer. It may be 0, or Amber."


def build(tools):
    async def answer(task):
        return Said()

    return answer
