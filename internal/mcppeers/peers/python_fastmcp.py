"""The client of PyPI fastmcp, told what to do. usage: python_fastmcp.py URL; see orders.py"""

import sys

import anyio
import orders
from fastmcp import Client


class Peer:
    def __init__(self, client):
        self.client = client

    async def list(self):
        return [tool.name for tool in await self.client.list_tools()]

    async def call(self, tool, arguments, progress=None, timeout=None):
        async def step(done, total, message):
            if progress is not None:
                progress.append(done)

        answer = await self.client.call_tool(
            tool, arguments, progress_handler=step, timeout=timeout, raise_on_error=False
        )
        text = "".join(getattr(part, "text", "") for part in answer.content)
        return {"structured": answer.structured_content, "failed": bool(answer.is_error), "text": text}


async def main():
    async with Client(sys.argv[1]) as client:
        await orders.follow(Peer(client))


anyio.run(main)
