# An answer of a gigabyte.
class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    async def answer(task):
        return Said("Amber " * 150_000_000)

    return answer
