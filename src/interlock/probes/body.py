"""What the body of a successful answer proves."""

import re
from collections.abc import Mapping
from typing import Any

from interlock.probes.fit import Misfit, Unusable, find_misfit, says_nothing
from interlock.probes.json_value import parse_json
from interlock.probes.probe import Probe, Proof
from interlock.probes.reply import Reply, is_json

LARGEST_BODY = 5_000_000
EVENT = re.compile(rb"^data:", re.MULTILINE)
UNDECLARED = "and the document says no more than JSON: declare what it answers, in FastAPI by response_class"
UNFRAMED = "whose end the server did not tell: half of it would look like the whole"


def judge_body(probe: Probe, reply: Reply) -> tuple[Proof, str]:
    """Hold a body against the schema that is declared for its status."""
    said = f"answered {reply.status}"
    if probe.method.upper() == "HEAD":
        return Proof.PROVED, f"{said}; a HEAD answer has no body to check"
    schema = probe.schemas.get(reply.status)
    if schema is None and any(200 <= status < 300 for status in probe.schemas):
        return Proof.UNPROVED, f"{said}, but a schema is declared for another status only"
    if reply.is_stream and (schema is None or says_nothing(schema)):
        return _judge_stream(said, reply)
    if schema is None and not reply.is_framed:
        return Proof.UNPROVED, f"{said} with a body {UNFRAMED}"
    if schema is None:
        return Proof.PROVED, f"{said}; no schema is declared, so the body was not checked"
    if says_nothing(schema) and reply.media_type and not is_json(reply.media_type):
        return Proof.UNPROVED, f"{said} with {reply.media_type}, {UNDECLARED}"
    if problem := _not_json(reply):
        return Proof.FAILED, f"{said}, {problem}"
    if reply.is_cut:
        size = LARGEST_BODY // 1_000_000
        return Proof.UNPROVED, f"{said} with a body larger than {size} MB, too large to be checked"
    return _judge_json(said, schema, reply.body)


def _judge_stream(said: str, reply: Reply) -> tuple[Proof, str]:
    """The head of a stream is sent before anything of it was queried: its first bytes count, or its end."""
    size = f"{len(reply.body):,} bytes"
    if not reply.is_cut and reply.is_framed:
        return Proof.PROVED, f"{said} with a download of {size}, whose content was not checked"
    if not reply.is_cut:
        return Proof.UNPROVED, f"{said} with a download of {size} {UNFRAMED}"
    if not _has_begun(reply):
        return Proof.UNPROVED, f"{said} with a stream of which nothing came: what is to be sent may not be readable"
    return Proof.PROVED, f"{said} with a stream; {size} came, and the rest was not waited for"


def _has_begun(reply: Reply) -> bool:
    # Comments keep a connection alive, and are sent while there is nothing to tell (HTML, Server-sent events).
    return bool(EVENT.search(reply.body)) if reply.media_type == "text/event-stream" else bool(reply.body)


def _not_json(reply: Reply) -> str | None:
    if not reply.body.strip() and not reply.is_cut:
        return "with an empty body where JSON is declared"
    if not reply.media_type:
        return "without a content type where JSON is declared"
    if not is_json(reply.media_type):
        return f"with {reply.media_type} where JSON is declared"
    if reply.body.lstrip()[:1] == b"<":
        return "with a page of HTML that calls itself JSON"
    return None


def _judge_json(said: str, schema: Mapping[str, Any], body: bytes) -> tuple[Proof, str]:
    try:
        value = parse_json(body)
    except (ValueError, RecursionError):
        return Proof.FAILED, f"{said}, but the body is not valid JSON"
    if says_nothing(schema):
        return Proof.PROVED, f"{said} with JSON; the declared schema allows any, so its shape was not checked"
    match find_misfit(schema, value):
        case Misfit() as misfit:
            return Proof.FAILED, f"{said}, but the body does not fit the declared schema: {misfit}"
        case Unusable(reason):
            return Proof.UNPROVED, f"{said}, but the declared schema cannot be used: {reason}"
        case None:
            return Proof.PROVED, f"{said} and the body fits the declared schema"
