import os


def build(tools):
    for path in (
        "/ref/answer.py",
        "/ref/inside.py",
        "/kit/own/agentkit/__init__.py",
        "/ref/socket",
    ):
        try:
            os.remove(path)
        except OSError:
            with open(path, "w"):
                pass
    return None
