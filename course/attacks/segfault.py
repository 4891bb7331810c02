# Reads where no memory is.
import ctypes


def build(tools):
    ctypes.string_at(0)
