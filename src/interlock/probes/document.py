"""Fetch an application's OpenAPI document."""

import asyncio
from collections.abc import Mapping
from typing import Any

from interlock.errors import InvalidSetting
from interlock.probes.address import base_of
from interlock.probes.exchange import Outgoing, exchange, open_client
from interlock.probes.json_value import parse_json
from interlock.probes.openapi import UnusableDocument
from interlock.probes.reply import NoReply, Reply

REMEDY = "see whether the path is right; where the document is switched off, save one to a file and read that"


def fetch_document(base_url: str, path: str = "/openapi.json", *, timeout_seconds: float = 10.0) -> Mapping[str, Any]:
    """Fetch the document without credentials. Call it where no event loop runs."""
    if not path.startswith("/"):
        raise InvalidSetting(f"the path {path!r} of the OpenAPI document has no slash in front", "begin it with one")
    reply = asyncio.run(_fetch(base_of(base_url) + path, timeout_seconds))
    if isinstance(reply, NoReply):
        raise UnusableDocument(f"the OpenAPI document at {path} cannot be fetched: {reply.reason}", REMEDY)
    if not reply.is_success:
        raise UnusableDocument(f"the OpenAPI document at {path} was answered {reply.status}", REMEDY)
    if reply.is_cut:
        raise UnusableDocument(f"the OpenAPI document at {path} is too large", REMEDY)
    return read_document(reply.body, path)


def read_document(body: bytes, name: str) -> Mapping[str, Any]:
    """Read the bytes of a document; `name` says where they are from."""
    try:
        document = parse_json(body)
    except (ValueError, RecursionError):
        raise UnusableDocument(f"the OpenAPI document at {name} is not valid JSON", REMEDY) from None
    if not isinstance(document, dict):
        raise UnusableDocument(f"the OpenAPI document at {name} is not a JSON object", REMEDY)
    return document


async def _fetch(url: str, timeout_seconds: float) -> Reply | NoReply:
    async with open_client() as client:
        return await exchange(client, Outgoing("GET", url), timeout_seconds)
