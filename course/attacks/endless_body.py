# A request whose body never ends.
import socket
import time

began = time.monotonic()
for path in ("/answer", "/tool/ship", "/v1/chat/completions"):
    try:
        one = socket.create_connection(("127.0.0.1", 8900), 5)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        one.sendall(head.encode())
        while time.monotonic() - began < 20:
            one.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    except OSError:
        pass


def build(tools):
    return None
