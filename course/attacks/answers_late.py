# What is said of one case is said again while the next ones are open.
import threading
import time

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
    def later(text):
        for _ in range(20):
            time.sleep(0.05)
            try:
                post("/answer", {"text": text})
            except (OSError, ValueError):
                return

    async def answer(task):
        threading.Thread(target=later, args=(task,), daemon=True).start()
        return Said("")

    return answer
