# Hundreds of connections, each with half a request.
import socket
import time

kept = []
for _ in range(400):
    try:
        one = socket.create_connection(("127.0.0.1", 8900), 1)
        one.sendall(b"POST /answer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        kept.append(one)
    except OSError:
        break
time.sleep(5)


def build(tools):
    return None
