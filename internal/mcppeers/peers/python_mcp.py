"""The client of PyPI mcp, told what to do. usage: python_mcp.py URL; see orders.py"""

import sys

import anyio
import orders
from mcp import Client


class Peer:
    def __init__(self, client):
        self.client = client

    async def list(self):
        return [tool.name for tool in (await self.client.list_tools()).tools]

    async def call(self, tool, arguments, progress=None, timeout=None):
        async def step(done, total, message):
            if progress is not None:
                progress.append(done)

        answer = await self.client.call_tool(
            tool, arguments, progress_callback=step, read_timeout_seconds=timeout
        )
        text = "".join(getattr(part, "text", "") for part in answer.content)
        return {"structured": answer.structured_content, "failed": bool(answer.is_error), "text": text}


async def main():
    async with Client(sys.argv[1]) as client:
        await orders.follow(Peer(client))


anyio.run(main)
