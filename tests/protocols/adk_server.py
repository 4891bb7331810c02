"""An agent made with google-adk, without a model: `python adk_server.py PORT`."""

import sys

import uvicorn
from google.adk.a2a.utils.agent_to_a2a import to_a2a
from google.adk.agents import BaseAgent
from google.adk.events import Event
from google.genai import types


class Speaker(BaseAgent):
    async def _run_async_impl(self, ctx):
        said = "".join(p.text or "" for p in ctx.user_content.parts)
        text = types.Content(role="model", parts=[types.Part(text=f"heard {said}")])
        yield Event(author=self.name, invocation_id=ctx.invocation_id, content=text)


port = int(sys.argv[1])
app = to_a2a(Speaker(name="speaker", description="Speaks."), host="127.0.0.1", port=port)
uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")
