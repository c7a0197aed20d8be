"""Orders for a client, one JSON object a line on standard input; each has one JSON object a line as its answer.

list                               -> {"tools": [name, ...]}
call     tool, arguments           -> {"structured": ..., "failed": bool, "text": ...}
progress tool, arguments           -> the same, with "progress": [number, ...]
start    tool, arguments, timeout  -> {"started": true} at once; the call goes on
cancel                             -> {"ended": what became of the call}, after it was cancelled
wait                               -> the same, after it ended by itself
"""

import asyncio
import json
import sys


async def follow(peer):
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    running = None
    while line := await lines.readline():
        order = json.loads(line)
        match order["do"]:
            case "list":
                answer = {"tools": await peer.list()}
            case "call":
                answer = await peer.call(order["tool"], order["arguments"])
            case "progress":
                seen = []
                answer = await peer.call(order["tool"], order["arguments"], progress=seen)
                answer["progress"] = seen
            case "start":
                call = peer.call(order["tool"], order["arguments"], timeout=order.get("timeout"))
                running = asyncio.create_task(call)
                answer = {"started": True}
            case "cancel":
                running.cancel()
                answer = {"ended": await end(running)}
            case "wait":
                answer = {"ended": await end(running)}
        print(json.dumps(answer), flush=True)


async def end(task):
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(outcome, BaseException):
        return f"{type(outcome).__name__}: {outcome}"
    return f"answered {outcome}"
