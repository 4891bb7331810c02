# JSON that readers disagree about: NaN, numbers without end, the same key twice.
import urllib.request

BODIES = (
    b'{"text": NaN}',
    b'{"text": ' + b"9" * 100_000 + b"}",
    b'{"text": 1e999, "text": "Amber"}',
    b'{"number": -Infinity, "port": NaN}',
    b'{"model": "sim:careful", "seed": 1e400, "messages": []}',
    b'{"model": "sim:careful", "seed": ' + b"7" * 4000 + b', "n": 1000000000, "messages": []}',
)


def build(tools):
    async def answer(task):
        for path in ("/answer", "/tool/ship", "/tool/book_berth", "/v1/chat/completions"):
            for body in BODIES:
                try:
                    request = urllib.request.Request("http://127.0.0.1:8900" + path, body)
                    urllib.request.urlopen(request, timeout=5).read()
                except OSError:
                    pass
        return None

    return answer
