import sys

sys.exit(0)


def build(tools):
    return None
