# Text that is no text.
class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    async def answer(task):
        return Said("\ud800\0\u202e\x1b[2J" * 1000)

    return answer
