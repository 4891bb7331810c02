"""What foreign code tries against a sandbox; each attempt ends with status 0 only if it succeeds.

An attempt is Python that is run inside. `{host}` is a file of the host, `{port}` a server on its
loopback, `{pid}` the process that the sandbox is run by, `{socket}` a socket of the host's.
"""

from __future__ import annotations

from typing import NamedTuple

from agentkit.sandbox import (
    CallDenied,
    DiskSpent,
    MemorySpent,
    OutputSpent,
    ProcessesSpent,
    ProgramFailed,
    SandboxError,
    TimeSpent,
)


class Attempt(NamedTuple):
    """Code, and the errors that it may end with."""

    code: str
    ends: tuple[type[SandboxError], ...] = (ProgramFailed, CallDenied)


CALL = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")
"""

ESCAPES = {
    "read a file of the host": Attempt("open({host!r}).read()"),
    "write a file of the host": Attempt("open({host!r}, 'w').write('gone')"),
    "read the host's passwords": Attempt("open('/etc/shadow').read()"),
    "read the host's list of users": Attempt("open('/etc/passwd').read()"),
    "find a home": Attempt(
        "import os; found = [p for p in ('/root', '/home') if os.path.isdir(p)"
        " and set(os.listdir(p)) - {{'.pyenv'}}]; assert found"
    ),
    "climb out of the folder": Attempt("open('../../../../../..' + {host!r}).read()"),
    "read through a link to the host": Attempt(
        "import os; os.symlink({host!r}, 'link'); open('link').read()"
    ),
    "read through the root of the first process": Attempt("open('/proc/1/root' + {host!r}).read()"),
    "read through the working folder of the first process": Attempt(
        "import os; assert {host!r} in os.popen('cat /proc/1/cwd' + {host!r}).read()"
    ),
    "write over a program": Attempt("open('/usr/bin/env', 'ab').write(b'x')"),
    "write beside the interpreter": Attempt(
        "import sys; open(sys.prefix + '/lib/sitecustomize.py', 'w').write('x')"
    ),
    "write to the root folder": Attempt("open('/new', 'w').write('x' * 10)"),
    "write among the devices": Attempt("open('/dev/new', 'w').write('x' * 10)"),
    "make a device of a disk": Attempt(
        "import os, stat; os.mknod('disk', 0o600 | stat.S_IFBLK, os.makedev(254, 0))"
    ),
    "read the memory of the machine": Attempt("open('/dev/mem', 'rb').read(1)"),
    "choose what the kernel runs at a crash": Attempt(
        "open('/proc/sys/kernel/core_pattern', 'w').write('|/box/x')"
    ),
    "restart the machine by sysrq": Attempt("open('/proc/sysrq-trigger', 'w').write('b')"),
    "see other processes": Attempt("import os; os.kill({pid}, 0)"),
    "kill the process that runs it": Attempt("import os; os.kill({pid}, 9)"),
    "kill all processes": Attempt(
        "import os, time\ntry: os.kill(-1, 9)\nexcept ProcessLookupError: raise SystemExit(3)"
    ),
    "see a secret in the environment": Attempt(
        "import os; assert any('SECRET' in k + v for k, v in os.environ.items())"
    ),
    "see a secret in another's environment": Attempt(
        "import glob\nfor one in glob.glob('/proc/[0-9]*/environ'):\n"
        "    try: text = open(one).read()\n"
        "    except OSError: continue\n"
        "    if 'SECRET' in text: raise SystemExit(0)\nraise SystemExit(1)"
    ),
    "use an open file of the parent's": Attempt(
        "import os\nfor fd in range(3, 64):\n"
        "    try: os.fstat(fd)\n"
        "    except OSError: continue\n"
        "    raise SystemExit(0)\nraise SystemExit(1)"
    ),
    "ask a server of the host's": Attempt(
        "import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
    ),
    "ask a server elsewhere": Attempt(
        "import socket; socket.create_connection(('93.184.215.14', 80), 2)"
    ),
    "look up a name": Attempt("import socket; socket.getaddrinfo('example.com', 80)"),
    "send a datagram": Attempt(
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
        ".sendto(b'x', ('10.0.0.1', 53))"
    ),
    "talk to the hypervisor": Attempt("import socket; socket.socket(40, socket.SOCK_STREAM)"),
    "open a raw socket": Attempt(
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)"
    ),
    "connect to a socket of the host's": Attempt(
        "import socket; socket.socket(socket.AF_UNIX).connect({socket!r})"
    ),
    "make a user namespace": Attempt(CALL + "call(272, 0x10000000)"),
    "make one by clone": Attempt(CALL + "call(56, 0x10000000 | 17, 0, 0, 0, 0)"),
    "make one by clone3": Attempt(CALL + "call(435, ctypes.create_string_buffer(88), 88)"),
    "mount something": Attempt(CALL + "call(165, b'none', b'/box', b'tmpfs', 0, None)"),
    "change the root": Attempt("import os; os.chroot('/box')"),
    "become root": Attempt("import os; os.setuid(0)"),
    "become root by a program": Attempt(
        "import subprocess; assert subprocess.run(['su', '-c', 'true']).returncode == 0"
    ),
    "trace the first process": Attempt(CALL + "call(101, 16, 1, 0, 0)"),
    "open a file by its handle": Attempt(
        CALL + "call(304, -100, ctypes.create_string_buffer(64), 0)"
    ),
    "load a program into the kernel": Attempt(
        CALL + "call(321, 0, ctypes.create_string_buffer(128), 128)"
    ),
    "use io_uring": Attempt(CALL + "call(425, 8, ctypes.create_string_buffer(256))"),
    "read the kernel's keys": Attempt(CALL + "call(250, 0, -4, 1)"),
    "read the kernel's messages": Attempt(
        CALL + "call(103, 3, ctypes.create_string_buffer(64), 64)"
    ),
    "type into the terminal": Attempt("import fcntl; fcntl.ioctl(0, 0x5412, b'x')"),
    "set the clock": Attempt("import time; time.clock_settime(time.CLOCK_REALTIME, 0)"),
    "raise its own limits": Attempt(
        "import resource\n"
        "for one in (resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_DATA):\n"
        "    resource.setrlimit(one, (2**40, 2**40))"
    ),
    "call by the other numbering": Attempt(CALL + "call(0x40000000 + 39)"),
}

EXHAUSTIONS = {
    "take all processes": Attempt(
        "import os\nwhile True:\n    os.fork()", (ProcessesSpent, ProgramFailed)
    ),
    "take all processes by a shell": Attempt(
        "import os; os.execvp('sh', ['sh', '-c', 'f() {{ sleep 9 & f | f & }}; f; sleep 9'])",
        (ProcessesSpent, ProgramFailed, TimeSpent),
    ),
    "take all threads": Attempt(
        "import threading, time\nwhile True:\n    "
        "threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
        (ProcessesSpent,),
    ),
    "take all memory at once": Attempt("x = bytearray(1 << 34)", (MemorySpent,)),
    "take all memory bit by bit": Attempt(
        "x = []\nwhile True: x.append(' ' * 1000000)", (MemorySpent,)
    ),
    "take memory by many processes": Attempt(
        "import os, time\nfor _ in range(6): os.fork() or (x := bytearray(b'x') * (50 << 20))\n"
        "time.sleep(5)",
        (MemorySpent, ProcessesSpent),
    ),
    "take shared memory": Attempt(
        "import mmap; x = mmap.mmap(-1, 1 << 30)\nwhile True: x.write(b'x' * (1 << 20))",
        (MemorySpent, DiskSpent),
    ),
    "take memory that belongs to no process": Attempt(
        "import os; fd = os.memfd_create('x')\nwhile True: os.write(fd, b'x' * (1 << 20))"
    ),
    "run for ever": Attempt("while True: pass", (TimeSpent,)),
    "sleep for ever": Attempt("import time; time.sleep(1e6)", (TimeSpent,)),
    "run for ever and ignore signals": Attempt(
        "import signal\nfor n in range(1, 65):\n"
        "    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\n"
        "while True: pass",
        (TimeSpent,),
    ),
    "stay in the background": Attempt(
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n"
        "    if os.fork() == 0: time.sleep(1e6)\n"
        "    os._exit(0)\ntime.sleep(1e6)",
        (TimeSpent,),
    ),
    "say too much": Attempt("while True: print('x' * 10000)", (OutputSpent,)),
    "complain too much": Attempt(
        "import sys\nwhile True: sys.stderr.write('x' * 10000)", (OutputSpent,)
    ),
    "fill the folder with one file": Attempt(
        "f = open('x', 'wb')\nwhile True: f.write(b'x' * 1000000)", (DiskSpent,)
    ),
    "fill the folder with many files": Attempt(
        "n = 0\nwhile True:\n    n += 1; open(str(n), 'w').close()", (DiskSpent,)
    ),
    "fill the folder with large files": Attempt(
        "n = 0\nwhile True:\n    n += 1; open(str(n), 'wb').write(b'x' * 1000000)", (DiskSpent,)
    ),
    "fill the folder for temporary files": Attempt(
        "n = 0\nwhile True:\n    n += 1; open(f'/tmp/{{n}}', 'wb').write(b'x' * 1000000)",
        (DiskSpent,),
    ),
    "fill the temporary folder with names": Attempt(
        "n = 0\nwhile True:\n    n += 1; open(f'/tmp/{{n}}', 'w').close()", (DiskSpent,)
    ),
    "fill shared memory": Attempt(
        "n = 0\nwhile True:\n    n += 1; open(f'/dev/shm/{{n}}', 'wb').write(b'x' * 1000000)",
        (DiskSpent,),
    ),
    "open all files": Attempt("x = []\nwhile True: x.append(open('/dev/null'))"),
    "call itself without end": Attempt(
        "import sys; sys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
        (ProgramFailed, MemorySpent, TimeSpent),
    ),
    "crash": Attempt("import ctypes; ctypes.string_at(0)"),
    "dump its memory into a file": Attempt(
        "import os, glob\nif os.fork() == 0: os.abort()\nos.wait()\nassert glob.glob('core*')"
    ),
}
