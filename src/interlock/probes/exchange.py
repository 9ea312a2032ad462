"""Send one request, and take what comes back within a total time."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx2

from interlock import __version__
from interlock.probes.body import LARGEST_BODY
from interlock.probes.breakage import in_words
from interlock.probes.reply import NoReply, Reply, is_stream

STREAM_SECONDS = 2.0
"""A stream is read for so long after its first bytes."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request, ready to be sent."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    form: Mapping[str, Any] | None = field(default=None, repr=False)


def open_client() -> httpx2.AsyncClient:
    """Open a client that adds nothing of its own to what is asked.

    It uses no proxy of the environment, for a proxy may answer in the application's stead; SSL_CERT_FILE and
    SSL_CERT_DIR do count. It follows no redirect and keeps no cookie. Each request has a connection of its
    own: a server that closes an idle one just as it is used again would look like a failure.
    """
    return httpx2.AsyncClient(
        trust_env=False,
        verify=httpx2.create_ssl_context(),
        follow_redirects=False,
        timeout=None,
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={
            "User-Agent": f"interlock/{__version__}",
            "Accept": "application/json, */*;q=0.8",
            "Cache-Control": "no-cache",
        },
    )


async def exchange(client: httpx2.AsyncClient, outgoing: Outgoing, timeout_seconds: float) -> Reply | NoReply:
    """Send a request. The time is for all of it, up to the last byte, however slowly they drip."""
    began = time.monotonic()
    status: int | None = None
    try:
        async with asyncio.timeout(timeout_seconds), _stream(client, outgoing) as response:
            status = response.status_code
            return await _read(response, began, timeout_seconds)
    except TimeoutError:
        reason = f"no complete answer within {timeout_seconds:g} s"
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        reason = in_words(error)
    if status is not None:
        reason = f"answered {status}, but {reason}"
    return NoReply(reason, status, time.monotonic() - began)


def _stream(client: httpx2.AsyncClient, outgoing: Outgoing) -> AbstractAsyncContextManager[httpx2.Response]:
    return client.stream(
        outgoing.method,
        outgoing.url,
        headers=dict(outgoing.headers),
        json=outgoing.json,
        data=outgoing.form,
    )


async def _read(response: httpx2.Response, began: float, timeout_seconds: float) -> Reply:
    content_type = response.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    streams = is_stream(media_type, response.headers.get("content-disposition", ""))
    if streams:
        seconds_left = timeout_seconds - (time.monotonic() - began)
        body, is_cut = await _read_stream(response, 0.8 * seconds_left)
    else:
        body, is_cut = await _read_body(response)
    return Reply(
        status=response.status_code,
        content_type=content_type,
        body=body,
        is_cut=is_cut,
        is_framed=_is_framed(response),
        is_stream=streams,
        location=response.headers.get("location", ""),
        cookies={cookie.name: cookie.value for cookie in response.cookies.jar if cookie.value},
        seconds=time.monotonic() - began,
    )


async def _read_body(response: httpx2.Response) -> tuple[bytes, bool]:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LARGEST_BODY:
            return bytes(body[:LARGEST_BODY]), True
    return bytes(body), False


async def _read_stream(response: httpx2.Response, seconds: float) -> tuple[bytes, bool]:
    """Wait so long for the first bytes. What breaks off meanwhile is an error, as with every other body."""
    loop = asyncio.get_running_loop()
    body, end = bytearray(), loop.time() + seconds
    try:
        async with asyncio.timeout_at(end) as limit:
            async for chunk in response.aiter_bytes():
                if not body:
                    limit.reschedule(min(end, loop.time() + STREAM_SECONDS))
                body += chunk
                if len(body) > LARGEST_BODY:
                    return bytes(body[:LARGEST_BODY]), True
    except TimeoutError:
        return bytes(body), True
    return bytes(body), False


def _is_framed(response: httpx2.Response) -> bool:
    """Say whether anything but the closing of the connection told the end of the body (RFC 9112, 6.3)."""
    if response.status_code in (204, 304) or response.request.method == "HEAD":
        return True
    return "content-length" in response.headers or "chunked" in response.headers.get("transfer-encoding", "").lower()
