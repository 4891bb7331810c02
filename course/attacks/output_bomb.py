while True:
    print("x" * 100_000)


def build(tools):
    return None
