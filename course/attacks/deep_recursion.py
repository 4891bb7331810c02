# Calls itself until the stack ends.
import sys
import threading

sys.setrecursionlimit(1 << 30)


def deeper(n):
    return deeper(n + 1) + 1


def build(tools):
    threading.stack_size(64 << 20)
    one = threading.Thread(target=deeper, args=(0,))
    one.start()
    one.join()
