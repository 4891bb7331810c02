import urllib.request

for _ in range(1000):
    request = urllib.request.Request("http://127.0.0.1:8900/next", b"{}")
    urllib.request.urlopen(request, timeout=10).read()


def build(tools):
    return None
