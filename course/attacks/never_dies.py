# Will not hear a signal, and has children in sessions of their own that go on.
import os
import signal
import time

for one in range(1, 64):
    try:
        signal.signal(one, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        while True:
            time.sleep(1)
os._exit(0)


def build(tools):
    return None
