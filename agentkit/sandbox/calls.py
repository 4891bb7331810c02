"""Which system calls a program in a sandbox may not make: a filter in the kernel's own bytecode.

What is refused is what reaches past a process and its files: other namespaces, mounts, modules,
keys, tracing, kinds of memory that no limit counts, and sockets that no network namespace holds
(as those between a virtual machine and its host).

Source: seccomp(2); linux/bpf_common.h, linux/seccomp.h, linux/audit.h.
"""

from __future__ import annotations

import platform
import struct

X86_64 = """
    ptrace 101, syslog 103, personality 135, ustat 136, sysfs 139, vhangup 153, modify_ldt 154,
    pivot_root 155, _sysctl 156, adjtimex 159, chroot 161, acct 163, settimeofday 164, mount 165,
    umount2 166, swapon 167, swapoff 168, reboot 169, sethostname 170, setdomainname 171, iopl 172,
    ioperm 173, create_module 174, init_module 175, delete_module 176, get_kernel_syms 177,
    query_module 178, quotactl 179, nfsservctl 180, lookup_dcookie 212, clock_settime 227,
    mbind 237, set_mempolicy 238, get_mempolicy 239, mq_open 240, kexec_load 246, add_key 248,
    request_key 249, keyctl 250, migrate_pages 256, unshare 272, vmsplice 278, move_pages 279,
    perf_event_open 298, fanotify_init 300, name_to_handle_at 303, open_by_handle_at 304,
    clock_adjtime 305, setns 308, process_vm_readv 310, process_vm_writev 311, kcmp 312,
    finit_module 313, memfd_create 319, kexec_file_load 320, bpf 321, userfaultfd 323, shmget 29,
    semget 64, msgget 68
"""

AARCH64 = """
    lookup_dcookie 18, umount2 39, mount 40, pivot_root 41, nfsservctl 42, chroot 51, vhangup 58,
    quotactl 60, vmsplice 75, acct 89, personality 92, unshare 97, kexec_load 104, init_module 105,
    delete_module 106, clock_settime 112, syslog 116, ptrace 117, reboot 142, sethostname 161,
    setdomainname 162, settimeofday 170, adjtimex 171, mq_open 180, msgget 186, semget 190,
    shmget 194, add_key 217, request_key 218, keyctl 219, swapon 224, swapoff 225, mbind 235,
    get_mempolicy 236, set_mempolicy 237, migrate_pages 238, move_pages 239, perf_event_open 241,
    fanotify_init 262, name_to_handle_at 264, open_by_handle_at 265, clock_adjtime 266, setns 268,
    process_vm_readv 270, process_vm_writev 271, kcmp 272, finit_module 273, memfd_create 279,
    bpf 280, userfaultfd 282, kexec_file_load 294
"""

BOTH = """
    pidfd_send_signal 424, io_uring_setup 425, io_uring_enter 426, io_uring_register 427,
    open_tree 428, move_mount 429, fsopen 430, fsconfig 431, fsmount 432, fspick 433,
    pidfd_getfd 438, mount_setattr 442, quotactl_fd 443, memfd_secret 447
"""

MACHINES = {
    "x86_64": (0xC000003E, X86_64, {"clone": 56, "socket": 41, "ioctl": 16}),
    "aarch64": (0xC00000B7, AARCH64, {"clone": 220, "socket": 198, "ioctl": 29}),
}
"""Of each machine: its mark in the filter, what it refuses, and what it looks into."""

CLONE3 = 435
X32 = 0x40000000
"""Calls of the other numbering on x86-64."""

NAMESPACES = 0x7E020000
"""Flags of clone(2) that make a namespace."""

FAMILIES = (1, 2, 10, 16)
"""Sockets that may be: AF_UNIX, AF_INET, AF_INET6, AF_NETLINK; all are the namespace's own."""

TYPES_INTO_TERMINALS = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX."""

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, MACHINE, FIRST, SECOND = 0, 4, 16, 24
"""Where a filter finds a call's number, its machine and the low half of its arguments."""

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97


def step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    """Return one instruction; it skips `then` or `otherwise` instructions."""
    return struct.pack("HBBI", code, then, otherwise, value)


def deny_call(number: int, errno: int) -> list[bytes]:
    """Return what gives an error to calls of a number."""
    return [step(EQUAL, number, 0, 1), step(RETURN, ERRNO | errno)]


def filter_for(machine: str | None = None) -> bytes | None:
    """Return the filter for a machine; None where its calls are not known.

    Args:
        machine: as `platform.machine()` calls it; by default this one.
    """
    known = MACHINES.get(machine or platform.machine())
    if known is None:
        return None
    mark, refused, look = known
    numbers = [int(one.split()[1]) for one in f"{refused},{BOTH}".split(",")]
    program = [
        step(LOAD, MACHINE), step(EQUAL, mark, 1, 0), step(RETURN, KILL), step(LOAD, NUMBER),
        step(AT_LEAST, X32, 0, 1), step(RETURN, KILL),
        *deny_call(CLONE3, ENOSYS),  # its flags are out of sight; libraries then use clone
    ]  # fmt: skip
    for number in numbers:
        program += deny_call(number, EPERM)
    program += [
        step(EQUAL, look["clone"], 0, 4), step(LOAD, FIRST),
        step(ANY_BIT, NAMESPACES, 0, 1), step(RETURN, ERRNO | EPERM), step(RETURN, ALLOW),
    ]  # fmt: skip
    families = [step(EQUAL, one, len(FAMILIES) - n, 0) for n, one in enumerate(FAMILIES)]
    program += [
        step(EQUAL, look["socket"], 0, len(families) + 3), step(LOAD, FIRST), *families,
        step(RETURN, ERRNO | EAFNOSUPPORT), step(RETURN, ALLOW),
    ]  # fmt: skip
    sti, linux = TYPES_INTO_TERMINALS
    program += [
        step(EQUAL, look["ioctl"], 0, 4), step(LOAD, SECOND), step(EQUAL, sti, 1, 0),
        step(EQUAL, linux, 0, 1), step(RETURN, ERRNO | EPERM), step(RETURN, ALLOW),
    ]  # fmt: skip
    return b"".join(program)
