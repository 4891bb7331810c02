import json
import urllib.request

for size in (10_000_000, 50_000_000):
    try:
        request = urllib.request.Request("http://127.0.0.1:8900/next", b"{}")
        urllib.request.urlopen(request, timeout=10).read()
        body = json.dumps({"text": "x" * size}).encode()
        urllib.request.urlopen("http://127.0.0.1:8900/answer", body, timeout=10).read()
    except OSError:
        pass


def build(tools):
    return None
