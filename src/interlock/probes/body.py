"""What the body of a successful answer proves."""

from collections.abc import Mapping
from typing import Any

from interlock.probes.fit import Misfit, Unusable, find_misfit, says_nothing
from interlock.probes.json_value import parse_json
from interlock.probes.probe import Probe, Proof
from interlock.probes.reply import Reply, is_json

LARGEST_BODY = 5_000_000


def judge_body(probe: Probe, reply: Reply) -> tuple[Proof, str]:
    """Hold a body against the schema that is declared for its status."""
    said = f"answered {reply.status}"
    if probe.method.upper() == "HEAD":
        return Proof.PROVED, f"{said}; a HEAD answer has no body to check"
    schema = probe.schemas.get(reply.status)
    if schema is None and any(200 <= status < 300 for status in probe.schemas):
        return Proof.UNPROVED, f"{said}, but a schema is declared for another status only"
    if schema is None:
        return Proof.PROVED, f"{said}; no schema is declared, so the body was not checked"
    if says_nothing(schema) and reply.body is None:
        return Proof.PROVED, f"{said} with a stream or a download; only the status was looked at"
    if problem := _not_json(reply):
        return Proof.FAILED, f"{said}, {problem}"
    if reply.is_cut:
        size = LARGEST_BODY // 1_000_000
        return Proof.UNPROVED, f"{said} with a body larger than {size} MB, too large to be checked"
    return _judge_json(said, schema, reply.body or b"")


def _not_json(reply: Reply) -> str | None:
    if reply.body is not None and not reply.body.strip() and not reply.is_cut:
        return "with an empty body where JSON is declared"
    if not reply.media_type:
        return "without a content type where JSON is declared"
    if not is_json(reply.media_type):
        return f"with {reply.media_type} where JSON is declared"
    if reply.body is not None and reply.body.lstrip()[:1] == b"<":
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
