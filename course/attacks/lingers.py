# Ends, and does not: what runs at the end of a program never returns.
import atexit
import time


@atexit.register
def forever():
    while True:
        time.sleep(1)


def build(tools):
    return None
