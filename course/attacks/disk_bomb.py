with open("/tmp/full", "wb") as file:
    while True:
        file.write(bytes(1 << 24))


def build(tools):
    return None
