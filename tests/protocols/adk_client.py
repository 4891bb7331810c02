"""A client made with google-adk: prints what it hears."""

import asyncio
import sys

from google.adk.agents.remote_a2a_agent import RemoteA2aAgent
from google.adk.runners import InMemoryRunner
from google.genai import types


async def main():
    agent = RemoteA2aAgent(name="remote", agent_card=f"{sys.argv[1]}/.well-known/agent-card.json")
    runner = InMemoryRunner(agent=agent, app_name="x")
    session = await runner.session_service.create_session(app_name="x", user_id="u")
    for said in sys.argv[2:]:
        asked = types.Content(role="user", parts=[types.Part(text=said)])
        async for event in runner.run_async(user_id="u", session_id=session.id, new_message=asked):
            print(
                "EVENT",
                [p.text for p in (event.content.parts if event.content else [])],
                event.error_message,
            )


asyncio.run(main())
