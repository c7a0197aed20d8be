"""Serve ClickHouse's native and HTTP protocols from libchdb.so.

The library's query_stable_v2(argc, argv) is the program `clickhouse local`. Asked to SYSTEM START LISTEN it opens the
ports of its configuration and so becomes a server with ClickHouse's own handlers.

It must believe that it talks to a person: outside interactive mode it installs an error handler that ends the whole
process at the first wrong password or reset connection. So its standard input is a private terminal on which nobody
types until the end, when "exit" makes it shut down cleanly.

usage: clickhouse_server.py LIBRARY CONFIG DATA
SIGTERM and SIGINT shut down cleanly. SIGKILL is what a crash looks like.
"""

import ctypes
import os
import pty
import signal
import sys
import threading

STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}
STOP_SECONDS = 15
STACK_BYTES = 64 << 20  # the SQL parser recurses deeper than Python's default thread stack allows


class Result(ctypes.Structure):
    """The answer of query_stable_v2, up to the last field that is read here."""

    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("len", ctypes.c_size_t),
        ("vec", ctypes.c_void_p),
        ("elapsed", ctypes.c_double),
        ("rows_read", ctypes.c_uint64),
        ("bytes_read", ctypes.c_uint64),
        ("error", ctypes.c_char_p),
    ]


def clickhouse_local(library, arguments):
    """Run the program to its end and return its exit code."""
    entry = ctypes.CDLL(library).query_stable_v2
    entry.restype = ctypes.POINTER(Result)
    argv = (ctypes.c_char_p * (len(arguments) + 1))(*[a.encode() for a in arguments], None)
    error = entry(len(arguments), argv).contents.error
    if error:
        print(error.decode(errors="replace"), file=sys.stderr, flush=True)
    return 1 if error else 0


def main():
    library, config, data = sys.argv[1:4]
    os.environ.update(TERM="dumb", HOME=data)
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # before any thread starts, so that all inherit it
    keyboard, terminal = pty.openpty()
    os.dup2(terminal, 0)

    codes = []

    def serve():
        codes.append(clickhouse_local(library, [
            "clickhouse", "--config-file", config, "--path", data, "--interactive",
            "--query", "SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP",
        ]))
        os.kill(os.getpid(), signal.SIGTERM)  # ends the wait below when the engine stops by itself

    threading.stack_size(STACK_BYTES)
    engine = threading.Thread(target=serve, daemon=True)
    engine.start()
    signal.sigwait(STOP_SIGNALS)
    if engine.is_alive():
        os.write(keyboard, b"exit\n")
    engine.join(STOP_SECONDS)
    os._exit(codes[0] if codes else 1)


main()
