"""Real servers on this machine: one that speaks HTTP, one that does what it likes with the bytes."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Told:
    """What a server says to one request. A body that is not bytes is sent as JSON."""

    status: int = 200
    body: Any = b""
    content_type: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Heard:
    """What a server was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Tell = Callable[[Heard], Told]


@dataclass
class Server:
    url: str
    heard: list[Heard]


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        heard = Heard(self.command, self.path, headers, self.rfile.read(length))
        self.server.heard.append(heard)
        told = self.server.tell(heard)
        body = told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()
        self.send_response(told.status)
        for name, value in [("Content-Type", told.content_type), *told.headers]:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            try:
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    do_GET = do_POST = do_HEAD = _answer  # noqa: N815 - http.server looks for these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def _serving(tell: Tell) -> Iterator[Server]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        server.tell, server.heard = tell, []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield Server(f"http://127.0.0.1:{server.server_port}", server.heard)
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _behaving(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    ending = threading.Event()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if ending.is_set():
                connection.close()
                return
            with connection:
                connection.settimeout(5)
                try:
                    connection.recv(65536)
                    behave(connection)
                except OSError:
                    pass

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ending.set()
        # Closing alone does not wake a thread that waits in accept().
        with socket.create_connection(listener.getsockname()):
            pass
        thread.join()
        listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Tell], Server]]:
    """Start servers that answer what a function says."""
    with ExitStack() as servers:
        yield lambda tell: servers.enter_context(_serving(tell))


@pytest.fixture
def behave() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Start servers that do as they like with a connection once the request is there."""
    with ExitStack() as servers:
        yield lambda what: servers.enter_context(_behaving(what))


@pytest.fixture
def reset() -> Callable[[socket.socket], None]:
    """Close a connection with a reset instead of a farewell."""

    def now(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return now


@pytest.fixture
def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def told() -> type[Told]:
    return Told
