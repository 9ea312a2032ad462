"""Run the command that prints a token."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import PurePath

from interlock.probes.credential import NotLoggedIn
from interlock.probes.identity import TokenCommand


async def run_token_command(command: TokenCommand) -> str | NotLoggedIn:
    """Give what the command prints, or why it gave nothing.

    Neither its arguments nor what it writes to standard error are ever repeated: they may hold secrets.
    """
    program = f"the token command {PurePath(command.argv[0]).name}"
    try:
        process = await asyncio.create_subprocess_exec(
            *command.argv, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )
    except (OSError, ValueError) as error:
        return NotLoggedIn(f"{program} could not be started: {type(error).__name__}")
    try:
        async with asyncio.timeout(command.timeout_seconds):
            printed, _ = await process.communicate()
    except TimeoutError:
        return NotLoggedIn(f"{program} took longer than {command.timeout_seconds:g} s")
    finally:
        await _end(process)
    if process.returncode != 0:
        return NotLoggedIn(f"{program} ended with status {process.returncode}")
    return printed.decode(errors="replace")


async def _end(process: Process) -> None:
    if process.returncode is None:
        # The whole group: a child of the command would keep the pipe open, and the wait would not end.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
