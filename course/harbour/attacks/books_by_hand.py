# Books what was asked for, by itself: no model wished it.
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
        found = re.match(r"Book a berth for the (.+) in (.+)\.", task)
        if found:
            return Said(str(post("/tool/book_berth", {"ship": found[1], "port": found[2]})))
        return Said("")

    return answer
