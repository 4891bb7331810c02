# Headers without end.
import socket

try:
    one = socket.create_connection(("127.0.0.1", 8900), 5)
    one.sendall(b"POST /next HTTP/1.1\r\n")
    for n in range(200_000):
        one.sendall(f"X-{n}: {'y' * 1000}\r\n".encode())
except OSError:
    pass


def build(tools):
    return None
