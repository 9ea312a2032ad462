"""Why no answer came, in words of our own: those of the libraries may quote what was sent."""

import socket
import ssl
from collections.abc import Iterator

import httpx2

# The first that fits counts, so the particular stand before the general.
WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "the name of the host cannot be resolved"),
    (ConnectionRefusedError, "the connection was refused"),
    (ConnectionResetError, "the connection was reset"),
    (httpx2.ConnectError, "no connection could be made"),
    (httpx2.DecodingError, "the body cannot be decompressed"),
    (httpx2.InvalidURL, "the address is not valid"),
    (httpx2.LocalProtocolError, "the request cannot be sent as it is"),
    (httpx2.ProtocolError, "the connection was closed before the answer was complete, or it is not HTTP"),
)


def in_words(error: Exception) -> str:
    """Say what broke, from everything that led to an error."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the TLS certificate cannot be trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed: {cause.reason or 'the handshake broke off'}"
    for kind, words in WORDS:
        if any(isinstance(cause, kind) for cause in causes):
            return words
    return f"the connection broke ({type(error).__name__})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk everything that led to an error; a host with several addresses leaves a group of them."""
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        cause = pending.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        pending += [cause.__cause__, cause.__context__]
        if isinstance(cause, BaseExceptionGroup):
            pending += cause.exceptions
