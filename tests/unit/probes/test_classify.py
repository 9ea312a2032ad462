"""What an answer proves."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.probes.classify import classify, in_words
from interlock.probes.probe import ANONYMOUS, INVALID, NOBODY, Answer, Probe, Proof
from interlock.probes.reply import NoReply, Reply

MODULE = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
LOCKED_DOOR = frozenset({401, 403})
SUCCESS = frozenset(range(200, 300))


def a_probe(
    expect: Mapping[str, frozenset[int]] | None = None, schema: Mapping[str, Any] | None = None, method: str = "GET"
) -> Probe:
    wanted = {ANONYMOUS: LOCKED_DOOR, INVALID: LOCKED_DOOR, "admin": SUCCESS} if expect is None else expect
    return Probe("/modules", method, wanted, {} if schema is None else {200: schema})


def a_reply(
    status: int = 200, body: bytes = b'{"id": 1}', content_type: str = "application/json", **more: Any
) -> Reply:
    return Reply(status, content_type, body, **more)


def of_admin(reply: Reply | NoReply, schema: Mapping[str, Any] | None = None, **more: Any) -> Answer:
    return classify(a_probe(schema=schema, **more), "admin", reply)


def test_a_real_identity_that_gets_what_is_declared_proves_the_page():
    assert of_admin(a_reply(), MODULE).proof is Proof.PROVED


def test_the_reason_says_that_a_schema_was_checked():
    assert of_admin(a_reply(), MODULE).reason == "answered 200 and the body fits the declared schema"


def test_the_reason_says_that_no_schema_was_checked():
    assert of_admin(a_reply()).reason == "answered 200; no schema is declared, so the body was not checked"


def test_the_reason_says_that_a_schema_allows_anything():
    assert "its shape was not checked" in of_admin(a_reply(), {"title": "Response"}).reason


@pytest.mark.parametrize("identity", [ANONYMOUS, INVALID])
@pytest.mark.parametrize("status", [401, 403])
def test_turning_nobody_away_shows_a_locked_door(identity: str, status: int):
    assert classify(a_probe(), identity, a_reply(status)).proof is Proof.LOCKED


@pytest.mark.parametrize("identity", [ANONYMOUS, INVALID])
def test_letting_nobody_in_has_failed(identity: str):
    answer = classify(a_probe(), identity, a_reply(200))

    assert (answer.proof, "the door is open" in answer.reason) == (Proof.FAILED, True)


def test_a_public_endpoint_is_proved_by_nobody():
    answer = classify(a_probe({ANONYMOUS: SUCCESS}, MODULE), ANONYMOUS, a_reply())

    assert (answer.proof, answer.reason.endswith("nobody needs to log in here")) == (Proof.PROVED, True)


def test_the_body_of_a_public_endpoint_is_checked_too():
    answer = classify(a_probe({ANONYMOUS: SUCCESS}, MODULE), ANONYMOUS, a_reply(body=b"{}"))

    assert answer.proof is Proof.FAILED


def test_an_invalid_token_that_may_get_in_proves_nothing_of_a_protected_page():
    assert classify(a_probe({INVALID: SUCCESS}), INVALID, a_reply()).proof is Proof.UNPROVED


def test_a_public_page_that_asks_for_a_login_has_failed():
    assert classify(a_probe({ANONYMOUS: SUCCESS}), ANONYMOUS, a_reply(401)).proof is Proof.FAILED


@pytest.mark.parametrize("status", [500, 502, 503, 599])
def test_a_server_error_has_failed(status: int):
    assert of_admin(a_reply(status)).proof is Proof.FAILED


def test_a_server_error_has_failed_even_where_it_is_expected():
    assert of_admin(a_reply(503), expect={"admin": frozenset({503})}).proof is Proof.FAILED


def test_no_answer_has_failed_for_its_own_reason():
    assert of_admin(NoReply("the connection was refused")) == Answer(
        "GET /modules", "admin", None, Proof.FAILED, "the connection was refused"
    )


@pytest.mark.parametrize("identity", [ANONYMOUS, "admin"])
def test_a_declared_route_that_is_not_there_has_failed(identity: str):
    answer = classify(a_probe(), identity, a_reply(404))

    assert (answer.proof, "the declared route does not exist" in answer.reason) == (Proof.FAILED, True)


@pytest.mark.parametrize("status", [401, 403])
def test_refusing_a_valid_identity_has_failed(status: int):
    answer = of_admin(a_reply(status))

    assert (answer.proof, "a valid identity was refused" in answer.reason) == (Proof.FAILED, True)


@pytest.mark.parametrize("status", [403, 404])
def test_a_known_identity_that_is_rightly_turned_away_shows_a_locked_door(status: int):
    assert of_admin(a_reply(status), expect={"admin": frozenset({status})}).proof is Proof.LOCKED


def test_an_expected_client_error_proves_no_page():
    assert of_admin(a_reply(422), expect={"admin": frozenset({422})}).proof is Proof.UNPROVED


def test_an_unexpected_redirect_has_failed():
    assert of_admin(a_reply(307, location="/elsewhere")).proof is Proof.FAILED


@pytest.mark.parametrize("location", ["/login?next=%2Fmodules", "https://id.example.org/oauth2/authorize", "/sign-in/"])
def test_a_known_identity_that_is_sent_to_a_login_page_is_refused_even_where_a_redirect_is_expected(location: str):
    answer = of_admin(a_reply(302, location=location), expect={"admin": frozenset({302})})

    assert (answer.proof, answer.reason.endswith("a refusal")) == (Proof.FAILED, True)


def test_an_expected_redirect_of_nobody_shows_a_locked_door():
    reply = a_reply(302, location="/login")

    assert classify(a_probe({ANONYMOUS: frozenset({302})}), ANONYMOUS, reply).proof is Proof.LOCKED


def test_an_expected_redirect_of_a_known_identity_proves_no_page():
    assert of_admin(a_reply(302, location="/home"), expect={"admin": frozenset({302})}).proof is Proof.UNPROVED


def test_the_query_of_a_redirect_is_not_repeated():
    assert "s3cret" not in of_admin(a_reply(302, location="/home?token=s3cret")).reason


def test_a_page_of_html_where_json_is_declared_has_failed():
    answer = of_admin(a_reply(body=b"<!doctype html>", content_type="text/html; charset=utf-8"), MODULE)

    assert (answer.proof, answer.reason) == (Proof.FAILED, "answered 200, with text/html where JSON is declared")


def test_a_page_of_html_that_calls_itself_json_has_failed():
    answer = of_admin(a_reply(body=b"\n<html></html>"), MODULE)

    assert (answer.proof, "HTML" in answer.reason) == (Proof.FAILED, True)


@pytest.mark.parametrize("content_type", ["text/html", "text/csv", "text/plain; charset=utf-8"])
def test_what_fastapi_declares_of_itself_makes_another_kind_of_answer_no_proof_and_no_failure(content_type: str):
    answer = of_admin(a_reply(body=b"<html>", content_type=content_type), {})

    assert (answer.proof, "response_class" in answer.reason) == (Proof.UNPROVED, True)


def test_json_without_a_content_type_has_failed():
    assert of_admin(a_reply(content_type=""), MODULE).proof is Proof.FAILED


@pytest.mark.parametrize("body", [b'{"id": 1', b"{'id': 1}", b'{"id": NaN}', b"\xff\xfe\xff", b"[" * 200_000])
def test_what_is_not_json_has_failed(body: bytes):
    answer = of_admin(a_reply(body=body), MODULE)

    assert (answer.proof, answer.reason) == (Proof.FAILED, "answered 200, but the body is not valid JSON")


@pytest.mark.parametrize("status", [200, 204])
def test_an_empty_body_where_json_is_declared_has_failed(status: int):
    probe = Probe("/modules", expect={"admin": SUCCESS}, schemas={status: MODULE})

    assert classify(probe, "admin", a_reply(status, b"", "")).proof is Proof.FAILED


def test_a_status_without_a_schema_is_unproved_where_another_one_has_a_schema():
    assert of_admin(a_reply(204, b"", ""), MODULE).proof is Proof.UNPROVED


def test_a_body_that_does_not_fit_names_the_place_and_the_rule():
    reason = of_admin(a_reply(body=b'{"id": "one"}'), MODULE).reason

    assert reason.endswith("$.id is a string where integer is declared")


def test_a_body_that_does_not_fit_is_not_repeated():
    assert "ada@example.org" not in of_admin(a_reply(body=b'{"id": "ada@example.org"}'), MODULE).reason


def test_a_schema_that_cannot_be_used_leaves_the_page_unproved():
    answer = of_admin(a_reply(), {"$ref": "https://example.org/schema.json"})

    assert (answer.proof, "cannot be used" in answer.reason) == (Proof.UNPROVED, True)


def test_a_body_too_large_to_be_checked_leaves_the_page_unproved():
    answer = of_admin(a_reply(is_cut=True), MODULE)

    assert (answer.proof, "larger than 5 MB" in answer.reason) == (Proof.UNPROVED, True)


EVENTS, CSV = "text/event-stream", "text/csv"


@pytest.mark.parametrize(
    ("content_type", "body", "more", "proof"),
    [
        (CSV, b"a,b\n", {}, Proof.PROVED),
        (CSV, b"", {}, Proof.PROVED),
        (CSV, b"a,b\n", {"is_cut": True}, Proof.PROVED),
        (CSV, b"", {"is_cut": True}, Proof.UNPROVED),
        (CSV, b"a,b\n", {"is_framed": False}, Proof.UNPROVED),
        (CSV, b"a,b\n", {"is_framed": False, "is_cut": True}, Proof.PROVED),
        (EVENTS, b"event: one\ndata: 1\n\n", {"is_cut": True}, Proof.PROVED),
        (EVENTS, b": still here\n\n: still here\n\n", {"is_cut": True}, Proof.UNPROVED),
        (EVENTS, b"", {"is_cut": True}, Proof.UNPROVED),
    ],
)
@pytest.mark.parametrize("schema", [{}, None])
def test_a_stream_proves_something_when_it_began_or_ended(
    content_type: str, body: bytes, more: dict[str, bool], proof: Proof, schema: dict[str, Any] | None
):
    reply = Reply(200, content_type, body, is_stream=True, **more)

    assert of_admin(reply, schema).proof is proof


def test_a_stream_where_a_shape_is_declared_has_failed():
    assert of_admin(Reply(200, EVENTS, b"data: 1\n\n", is_stream=True), MODULE).proof is Proof.FAILED


def test_a_page_whose_end_nobody_told_is_unproved():
    answer = of_admin(Reply(200, "text/html", b"<html>", is_framed=False), None)

    assert (answer.proof, "half of it" in answer.reason) == (Proof.UNPROVED, True)


def test_only_the_status_of_a_head_answer_is_looked_at():
    assert of_admin(a_reply(body=b""), MODULE, method="HEAD").proof is Proof.PROVED


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_the_text_of_a_database_error_has_failed_whatever_the_status(status: int):
    body = rb'{"detail": "(psycopg.errors.UndefinedTable) relation \"analytics_modules\" does not exist"}'
    answer = of_admin(a_reply(status, body), expect={"admin": frozenset({200, 400, 401, 500})})

    assert (answer.proof, "relation analytics_modules does not exist" in answer.reason) == (Proof.FAILED, True)


def test_a_secret_that_the_server_repeats_is_hidden():
    reply = a_reply(302, location="/home/s3cret%2Ftoken/end")

    answer = classify(a_probe(), "admin", reply, secrets=["s3cret/token"])

    assert "/home/[hidden]/end" in answer.reason


def test_a_secret_that_is_repeated_in_small_letters_is_hidden():
    reply = a_reply(content_type="text/s3cret")

    assert "s3cret" not in classify(a_probe(schema=MODULE), "admin", reply, secrets=["S3CRET"]).reason


def test_a_secret_on_the_edge_of_a_long_reason_is_hidden_whole():
    reply = a_reply(302, location="/" + "x" * 255 + "abcdefghijklmnop")

    assert "abc" not in classify(a_probe(), "admin", reply, secrets=["abcdefghijklmnop"]).reason


def test_a_reason_holds_no_control_characters():
    assert of_admin(a_reply(302, location="/\x1b[31mred")).reason.isprintable()


def test_statuses_are_written_as_people_do():
    assert in_words(SUCCESS | LOCKED_DOOR) == "2xx or 401 or 403"


replies = st.builds(
    Reply,
    status=st.integers(100, 599),
    content_type=st.sampled_from(["application/json", "text/html", "", "text/event-stream"]),
    body=st.one_of(st.sampled_from([b'{"id": 1}', b"{}", b"", b"<html>"]), st.binary(max_size=50)),
    is_cut=st.booleans(),
    is_framed=st.booleans(),
    is_stream=st.booleans(),
    location=st.text(max_size=20),
)
statuses = st.frozensets(st.integers(100, 599) | st.just(200), max_size=5)
not_a_success = st.frozensets(st.sampled_from([*range(100, 200), *range(300, 600)]), max_size=5)
schemas = st.sampled_from([{}, {200: MODULE}, {200: {}}, {204: {}}])


@settings(deadline=None)  # The first one imports the validator.
@given(replies, st.sampled_from(sorted(NOBODY)), not_a_success, statuses, schemas)
def test_nobody_ever_proves_a_protected_page(reply, identity, anonymous, invalid, schemas):
    probe = Probe("/modules", expect={ANONYMOUS: anonymous, INVALID: invalid}, schemas=schemas)

    assert classify(probe, identity, reply).proof is not Proof.PROVED


@settings(deadline=None)  # The first one imports the validator.
@given(replies, st.sampled_from([*sorted(NOBODY), "admin"]), statuses, schemas)
def test_nothing_but_a_success_is_ever_a_proof(reply, identity, expected, schemas):
    probe = Probe("/modules", expect=dict.fromkeys([*NOBODY, "admin"], expected), schemas=schemas)

    assert reply.is_success or classify(probe, identity, reply).proof is not Proof.PROVED


@settings(deadline=None)  # The first one imports the validator.
@given(replies, st.sampled_from([*sorted(NOBODY), "admin"]), statuses)
def test_an_answer_that_is_not_expected_has_failed(reply, identity, expected):
    probe = Probe("/modules", expect=dict.fromkeys([*NOBODY, "admin"], expected))

    assert reply.status in expected or classify(probe, identity, reply).proof is Proof.FAILED
