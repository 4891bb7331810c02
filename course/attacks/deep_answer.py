# An answer that is nested without end.
class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    async def answer(task):
        found = []
        for _ in range(100_000):
            found = [found]
        return Said(found)

    return answer
