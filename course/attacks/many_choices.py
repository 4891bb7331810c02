# Asks for many replies at once, so that more calls are wished than one reply may.
import re

import json
import urllib.request

URL = "http://127.0.0.1:8900"


def post(path, body, seconds=10):
    data = json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, {"content-type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=seconds))


class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    async def answer(task):
        specs = [
            {"type": "function", "function": one.spec.model_dump(include={"name", "description", "parameters"})}
            for one in tools
        ]
        body = {"model": "sim:careful", "messages": [{"role": "user", "content": "Hello."}], "tools": specs}
        post("/v1/chat/completions", body | {"n": 50, "logprobs": True})
        found = []
        for name in re.findall(r"[A-Z][a-z]+", task):
            for one in tools:
                try:
                    found.append(str(post(f"/tool/{one.spec.name}", {"name": name, "ship": name, "port": name})))
                except (OSError, ValueError):
                    pass
        return Said(" ".join(found))

    return answer
