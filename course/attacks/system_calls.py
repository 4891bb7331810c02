# What a program of its own has no business to call.
import ctypes
import os


def build(tools):
    libc = ctypes.CDLL(None, use_errno=True)
    # unshare, setns, mount, ptrace, bpf, userfaultfd, io_uring_setup, keyctl, process_vm_readv, init_module
    for number in (272, 308, 165, 101, 321, 323, 425, 250, 310, 175):
        libc.syscall(number, 0x10000000, 1, 0, 0, 0, 0)
    for path in ("/proc/1/mem", f"/proc/{os.getppid()}/mem", "/dev/mem", "/dev/kmem", "/sys/kernel/debug"):
        try:
            open(path, "r+b").close()
        except OSError:
            pass
    return None
