"""The server of the control plane in production: one process, or one that keeps several workers alive."""

import os
import socket
from collections.abc import Mapping
from tempfile import TemporaryDirectory

from uvicorn import Config, Server
from uvicorn.supervisors import Multiprocess

from interlock.control.http.logs import write_structured_logs
from interlock.control.http.tokens import Tokens
from interlock.errors import ExitCode, InvalidSetting
from interlock.postgres.url import parse_url
from interlock.settings import required_variable

# The name is prometheus_client's.
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
APPLICATION = "interlock.asgi:create_for_service"
# With what comes before and after it, a stop takes less than 10 seconds.
ENDS_REQUESTS_WITHIN_SECONDS = 8


def serve_until_stopped(host: str, port: int, workers: int) -> ExitCode:
    """Serve until SIGTERM or Ctrl-C, and let the requests that are being answered finish."""
    check_environment(os.environ)
    write_structured_logs()
    config = Config(
        APPLICATION,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        # The application logs for itself, and every process sets that up for itself.
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=ENDS_REQUESTS_WITHIN_SECONDS,
    )
    listener = named(listen(host, port))
    if workers > 1:
        with TemporaryDirectory(prefix="interlock-metrics-") as shared:
            # The workers read it when they start: what one of them is asked, it answers for all.
            os.environ[METRICS_FOLDER] = shared
            Multiprocess(config, sockets=[listener]).run()
        return ExitCode.CLEAR
    server = Server(config)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:  # uvicorn has ended in peace, and raises the signal again
        return ExitCode.CLEAR
    return ExitCode.CLEAR if server.started else ExitCode.STOP


def listen(host: str, port: int) -> socket.socket:
    """Take the address that is to be served on. Raises InvalidSetting where it is taken, or is none of this machine."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "this is no name of a host"
        raise InvalidSetting(
            f"port {port} of {host} cannot be listened on: {reason}",
            "stop the program that listens there, or give another --port; --host takes an address of this machine, "
            "such as 127.0.0.1, or 0.0.0.0 for every network",
        ) from None
    listener.set_inheritable(True)
    return listener


def named(listener: socket.socket) -> socket.socket:
    """The same socket, as one that knows its protocol."""
    # asyncio switches Nagle's algorithm off only where the protocol is named, and uvicorn names none: every answer but
    # the first of a connection would wait 40 ms for the client's acknowledgement of its head.
    return socket.socket(listener.family, listener.type, socket.IPPROTO_TCP, listener.detach())


def check_environment(environment: Mapping[str, str]) -> None:
    """Raise InvalidSetting for what would stop every worker, so that it is told once and nothing is started."""
    parse_url(required_variable(environment, "DATABASE_URL"))
    Tokens(required_variable(environment, "INTERLOCK_TOKEN_KEY"))
