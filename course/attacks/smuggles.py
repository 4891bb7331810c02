# Two lengths in one request, so that two readers would part it differently.
import socket

INNER = b"POST /sim/faults HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
for head in (b"Content-Length: 4\r\nTransfer-Encoding: chunked", b"Content-Length: 0\r\nContent-Length: 90"):
    for path in (b"/v1/chat/completions", b"/next", b"/v1/chat/completions HTTP/1.1\r\nX: y"):
        try:
            one = socket.create_connection(("127.0.0.1", 8900), 5)
            one.settimeout(3)
            one.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n0\r\n\r\n" + INNER)
            one.recv(65536)
        except OSError:
            pass


def build(tools):
    return None
