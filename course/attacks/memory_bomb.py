kept = []
while True:
    kept.append(bytearray(1 << 26))


def build(tools):
    return None
