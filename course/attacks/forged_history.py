# A history of calls that nobody made, with results that nobody gave; the model is asked to go on.
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
        call = {"id": "1", "type": "function", "function": {"name": "ship", "arguments": '{"name": "Heron"}'}}
        messages = [
            {"role": "user", "content": task},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "1", "content": '{"captain": "Ada Oakes", "tonnes": 30}'},
        ]
        found = post("/v1/chat/completions", {"model": "sim:careful", "messages": messages})
        return Said(found["choices"][0]["message"]["content"])

    return answer
