# Small files without end, and open ones.
kept = []
n = 0
while True:
    n += 1
    one = open(f"/tmp/{n}", "w")
    if len(kept) < 500:
        kept.append(one)
    else:
        one.close()


def build(tools):
    return None
