# What is no HTTP at all, and an upgrade to what is none.
import os
import socket

WORDS = (
    os.urandom(100_000),
    b"\x16\x03\x01\x02\x00\x01" + bytes(500),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100),
    b"GET /next HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    b"GET http://169.254.169.254/ HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n",
    b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n",
)
for words in WORDS * 5:
    try:
        one = socket.create_connection(("127.0.0.1", 8900), 5)
        one.settimeout(2)
        one.sendall(words)
        one.recv(65536)
    except OSError:
        pass


def build(tools):
    return None
