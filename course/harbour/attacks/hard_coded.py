class Same:
    text = "Ada Oakes"


def build(tools):
    async def answer(task):
        return Same()

    return answer
