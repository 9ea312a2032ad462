"""The channel over which a project's process answers the guard: a socket that the project's code does not know.

Run as: python -m interlock.chain.channel DESCRIPTOR
"""

import json
import logging
import os
import re
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Collection
from pathlib import Path
from types import TracebackType

from interlock.chain.lock_waits import sqlstate_of
from interlock.chain.worker import Answer, Worker

# What SQLAlchemy adds to the text of an error: the rows of a data migration, passwords among them.
_PARAMETERS = re.compile(r"^\[parameters: .*$", re.MULTILINE)

ENDS_WITHIN_SECONDS = 1.0


def _failure(error: BaseException, folders: Collection[Path]) -> Answer:
    """Say what went wrong: the driver's own words for an error of the database, never its parameters."""
    original = getattr(error, "orig", None)
    return {
        "error": type(error).__name__,
        "message": message_of(original or error),
        "sqlstate": sqlstate_of(original),
        "statement": getattr(error, "statement", None),
        "place": _place(error.__traceback__, folders),
        "traceback": _PARAMETERS.sub("[parameters: not shown]", traceback.format_exc()),
    }


def message_of(error: BaseException) -> str:
    """The first line of what an error says, and what it is where that alone says too little."""
    if isinstance(error, SystemExit):
        return f"it called sys.exit({error.code!r})"
    first = next(iter(str(error).strip().splitlines()), "")
    if isinstance(error, (LookupError, AssertionError)) or not first:
        return f"{type(error).__name__}: {first}" if first else type(error).__name__
    return first


def _place(trace: TracebackType | None, folders: Collection[Path]) -> str | None:
    """The innermost line of the project's code in a traceback, as file:line."""
    frames = traceback.extract_tb(trace)
    ours = [frame for frame in frames if any(Path(frame.filename).is_relative_to(folder) for folder in folders)]
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else None


def end_with(channel: socket.socket) -> None:
    """End this process, and what it started, when the guard is gone: even in the middle of a statement.

    Its sessions end with it, and the server stops what they do (client_connection_check_interval).
    """
    hangup = select.poll()
    hangup.register(channel.fileno(), select.POLLHUP)
    # Not for ever: as long as it waits, a channel that env.py closes is not closed for the guard.
    while not hangup.poll(1000):
        pass
    time.sleep(ENDS_WITHIN_SECONDS)  # one that has nothing to do ends by itself
    os.killpg(0, signal.SIGKILL)


def serve(channel: socket.socket) -> None:
    """Answer requests until the guard closes the channel."""
    process = os.getpid()
    with channel.makefile("rw", encoding="utf-8") as stream:

        def tell(answer: Answer) -> None:
            stream.write(json.dumps(answer) + "\n")
            stream.flush()

        def wait(answer: Answer) -> Answer:
            tell(answer)
            asked: Answer = json.loads(stream.readline())
            return asked

        worker = Worker(tell, wait)
        for line in iter(stream.readline, ""):
            request = json.loads(line)
            try:
                answer = getattr(worker, request["do"])(*request["with"])
            # SystemExit too: an env.py that calls sys.exit(0) has not done what it was asked.
            except (Exception, SystemExit) as error:  # noqa: BLE001 - reported to the guard in full
                answer = {**_failure(error, worker.code), **worker.left_behind()}
            if os.getpid() != process:
                os._exit(0)  # a copy that env.py forked off, and let run on: one process answers
            tell(answer)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    to_guard = socket.socket(fileno=int(sys.argv[1]))
    threading.Thread(target=end_with, args=(to_guard,), daemon=True).start()
    serve(to_guard)
