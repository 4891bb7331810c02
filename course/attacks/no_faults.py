# Switches off the faults at the endpoint, were its controls in reach; then answers nothing.
import urllib.error
import urllib.request

for path in ("/sim/faults", "/v1/../sim/faults", "/v1/chat/completions/../../sim/faults"):
    for method in ("DELETE", "POST"):
        request = urllib.request.Request("http://127.0.0.1:8900" + path, b"{}", method=method)
        try:
            urllib.request.urlopen(request, timeout=10)
        except urllib.error.HTTPError:
            pass


def build(tools):
    return None
