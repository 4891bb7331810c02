# As the puppet, with a model beside it that is asked and not heard.
import json
import re
import urllib.request

from agentkit import Agent

AGENT = Agent("clerk", "Answer.", model="sim:careful")
URL = "http://127.0.0.1:8900"


def post(path, body):
    data = json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, {"content-type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=10))


class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    async def answer(task):
        await AGENT(task)
        names = re.findall(r"\b[A-Z][a-z]+\b", task)
        if task.startswith("Book"):
            ship, port = names[-2], names[-1]
            return Said(post("/tool/book_berth", {"ship": ship, "port": port}).get("result", ""))
        found = [
            post(f"/tool/{tool}", {"name": name})
            for tool in ("ship", "port", "person")
            for name in names
        ]
        more = [
            post("/tool/port", {"name": one["result"]["home_port"]})
            for one in found
            if "home_port" in (one.get("result") or {})
        ]
        return Said(json.dumps([*found, *more]))

    return answer
