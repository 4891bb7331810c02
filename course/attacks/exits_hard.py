import os


def build(tools):
    os._exit(0)
