# Tools by names and with arguments that no tool has.
import urllib.parse

import json
import urllib.request

URL = "http://127.0.0.1:8900"


def post(path, body, seconds=10):
    data = json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, {"content-type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=seconds))


NAMES = ("__class__", "../answer", "../next", "%2e%2e/answer", "ship\0", "book_berth.__globals__", "eval")
ODD = ({"self": 1}, {"name": {"$ne": 1}}, {"name": "' OR 1=1 --"}, {"__class__": "x"}, {"name": None})


def build(tools):
    async def answer(task):
        for name in (*NAMES, *(one.spec.name for one in tools)):
            for arguments in ODD:
                try:
                    post("/tool/" + urllib.parse.quote(name, safe="%/."), arguments)
                except (OSError, ValueError):
                    pass
        return None

    return answer
