class Odd:
    @property
    def text(self):
        return {"points": 10, "data": {"check": True}}


def build(tools):
    async def answer(task):
        return Odd()

    return answer
