"""Asking an application as nobody, as somebody wrong and as somebody real."""

import json
import sys
import threading
import time

import pytest

from interlock import __version__
from interlock.errors import InvalidSetting
from interlock.probes.ask import ask
from interlock.probes.build import BuildCheck
from interlock.probes.identity import GivenToken, Identity, SignIn, TokenCommand, TokenHeader
from interlock.probes.probe import ANONYMOUS, INVALID, Answer, Asked, Probe, Proof

TOKEN = "s3cret-of-the-admin"
ADMIN = Identity("admin", GivenToken("ADMIN_TOKEN", TOKEN))
MODULES = Probe("/modules")


def proofs(asked: Asked) -> dict[str, Proof]:
    return {answer.identity: answer.proof for answer in asked.answers}


def of_admin(url: str, identity: Identity = ADMIN, **more) -> Answer:
    (answer,) = ask(url, [Probe("/modules", expect={"admin": frozenset({200})}, **more)], [identity]).answers
    return answer


@pytest.fixture
def guarded(serve, told):
    """An application that lets in whoever has the token, and signs in whoever has the password."""

    def tell(heard):
        if heard.path == "/version":
            return told(200, {"build": "abc123"})
        if heard.path == "/login":
            is_right = heard.body in (b'{"user":"ada","password":"pa55"}', b"user=ada&password=pa55")
            body = {"access_token": TOKEN, "nested": {"token": TOKEN}} if is_right else {}
            return told(200 if is_right else 401, body, headers=[("Set-Cookie", f"session={TOKEN}; Path=/; HttpOnly")])
        is_known = TOKEN in (
            heard.headers.get("authorization", "").removeprefix("Bearer "),
            heard.headers.get("x-api-key"),
            heard.headers.get("cookie", "").removeprefix("session="),
        )
        return told(200, {"id": 1}) if is_known else told(401, {"detail": "log in"})

    return serve(tell)


def test_everybody_is_asked_where_nothing_else_is_said(guarded):
    assert proofs(ask(guarded.url, [MODULES], [ADMIN])) == {
        ANONYMOUS: Proof.LOCKED,
        INVALID: Proof.LOCKED,
        "admin": Proof.PROVED,
    }


def test_nobody_sends_no_credential(guarded):
    ask(guarded.url, [MODULES], [ADMIN])

    assert sum("authorization" not in heard.headers and "cookie" not in heard.headers for heard in guarded.heard) == 1


def test_an_invalid_token_is_sent_as_bearer(guarded):
    ask(guarded.url, [MODULES])

    sent = {heard.headers.get("authorization") for heard in guarded.heard} - {None}
    assert [value.startswith("Bearer ey") for value in sent] == [True]


def test_an_invalid_token_is_sent_in_the_header_where_the_application_looks(guarded):
    header = TokenHeader("X-Api-Key", "{token}")

    ask(guarded.url, [MODULES], [Identity("admin", GivenToken("KEY", TOKEN), header)])

    assert sum("x-api-key" in heard.headers for heard in guarded.heard) == 2


def test_a_request_says_who_asks(guarded):
    ask(guarded.url, [MODULES])

    assert {heard.headers["user-agent"] for heard in guarded.heard} == {f"interlock/{__version__}"}


def test_the_answers_come_in_the_order_of_the_probes_and_the_identities(serve, told):
    def tell(heard):
        time.sleep(0.1 if heard.path == "/a" else 0)
        return told(200, {})

    expect = {name: frozenset({200}) for name in ("zoe", "viewer", ANONYMOUS)}
    probes = [Probe("/b", expect=expect), Probe("/a", expect=expect)]
    identities = [Identity("viewer", GivenToken("V", "v")), Identity("amy", GivenToken("A", "a"))]

    answers = ask(serve(tell).url, probes, identities).answers

    assert [(answer.probe, answer.identity) for answer in answers] == [
        (f"GET {path}", name) for path in ("/b", "/a") for name in (ANONYMOUS, "viewer", "zoe")
    ]


def test_no_more_is_asked_at_once_than_allowed(serve, told):
    lock, now, most = threading.Lock(), [0], [0]

    def tell(_):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.03)
        with lock:
            now[0] -= 1
        return told(200)

    probes = [Probe(f"/{number}", expect={ANONYMOUS: frozenset({200})}) for number in range(12)]
    ask(serve(tell).url, probes, at_once=3)

    assert most == [3]


def test_the_body_and_the_method_of_a_probe_are_sent(guarded):
    ask(guarded.url, [Probe("/search", "POST", {"admin": frozenset({200})}, body={"q": 1})], [ADMIN])

    assert [(heard.method, json.loads(heard.body)) for heard in guarded.heard] == [("POST", {"q": 1})]


def test_a_prefix_of_the_address_is_kept(guarded):
    ask(guarded.url + "/api/", [Probe("/modules?page=1", expect={ANONYMOUS: frozenset({401})})])

    assert [heard.path for heard in guarded.heard] == ["/api/modules?page=1"]


def test_a_proxy_of_the_environment_is_not_used(guarded, monkeypatch, closed_port):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert of_admin(guarded.url).proof is Proof.PROVED


def test_a_cookie_that_is_set_is_not_sent_again(serve, told):
    server = serve(lambda _: told(200, {}, headers=[("Set-Cookie", "session=1; Path=/")]))
    expect = {ANONYMOUS: frozenset({200})}

    ask(server.url, [Probe("/a", expect=expect), Probe("/b", expect=expect)], at_once=1)

    assert ["cookie" in heard.headers for heard in server.heard] == [False, False]


def test_the_build_is_asked_first_and_as_nobody(guarded):
    asked = ask(guarded.url, [MODULES], [ADMIN], build=BuildCheck())

    assert (asked.build, guarded.heard[0].path) == ("abc123", "/version")
    assert "authorization" not in guarded.heard[0].headers


def test_a_build_that_is_not_told_is_none(guarded):
    assert ask(guarded.url, [], build=BuildCheck("/modules")).build is None


# How an identity gets in.


def test_a_token_that_is_not_given_leaves_the_page_unproved(guarded):
    answer = of_admin(guarded.url, Identity("admin", GivenToken("ADMIN_TOKEN", None)))

    assert (answer.proof, "ADMIN_TOKEN is not set" in answer.reason) == (Proof.UNPROVED, True)


def test_an_identity_that_is_not_configured_leaves_the_page_unproved(guarded):
    (answer,) = ask(guarded.url, [Probe("/modules", expect={"viewer": frozenset({200})})]).answers

    assert (answer.proof, answer.reason) == (Proof.UNPROVED, "no way to log in as viewer is configured")


def test_a_token_with_a_line_break_is_not_sent(guarded):
    answer = of_admin(guarded.url, Identity("admin", GivenToken("T", "a\r\nX-Evil: 1")))

    assert (answer.proof, guarded.heard) == (Proof.UNPROVED, [])


def a_command(script: str, timeout_seconds: float = 10.0) -> Identity:
    return Identity("admin", TokenCommand((sys.executable, "-S", "-c", script), timeout_seconds))


def test_a_command_can_print_the_token(guarded):
    assert of_admin(guarded.url, a_command(f"print('{TOKEN}')")).proof is Proof.PROVED


def test_a_command_that_fails_leaves_the_page_unproved_without_its_words(guarded):
    answer = of_admin(guarded.url, a_command("import sys; print('pa55', file=sys.stderr); print('pa55'); sys.exit(3)"))

    assert (answer.proof, answer.reason.endswith("ended with status 3")) == (Proof.UNPROVED, True)
    assert "pa55" not in answer.reason


def test_a_command_that_is_not_there_leaves_the_page_unproved(guarded):
    answer = of_admin(guarded.url, Identity("admin", TokenCommand.from_line("/nowhere/login --password pa55")))

    assert (answer.proof, answer.reason) == (
        Proof.UNPROVED,
        "the token command login could not be started: FileNotFoundError",
    )


def test_a_command_that_hangs_is_ended_with_its_children(guarded):
    began = time.monotonic()
    script = "import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', 'import time; time.sleep(30)'])"

    answer = of_admin(guarded.url, a_command(script, 0.5))

    assert (answer.proof, answer.reason.endswith("took longer than 0.5 s")) == (Proof.UNPROVED, True)
    assert time.monotonic() - began < 5


def test_a_command_that_prints_nothing_leaves_the_page_unproved(guarded):
    assert of_admin(guarded.url, a_command("print()")).proof is Proof.UNPROVED


FIELDS = {"user": "ada", "password": "pa55"}


@pytest.mark.parametrize(
    "sign_in",
    [
        SignIn("/login", FIELDS),
        SignIn("/login", FIELDS, token_field="nested.token"),
        SignIn("/login", FIELDS, is_form=True),
        SignIn("/login", FIELDS, token_field=None),
    ],
    ids=["json", "dotted", "form", "cookies"],
)
def test_signing_in_gives_a_credential(guarded, sign_in):
    assert of_admin(guarded.url, Identity("admin", sign_in)).proof is Proof.PROVED


def test_an_identity_signs_in_once(guarded):
    probes = [Probe(f"/{number}", expect={"admin": frozenset({200})}) for number in range(5)]

    ask(guarded.url, probes, [Identity("admin", SignIn("/login", FIELDS))])

    assert sum(heard.path == "/login" for heard in guarded.heard) == 1


def test_a_sign_in_that_refuses_a_configured_identity_has_failed(guarded):
    answer = of_admin(guarded.url, Identity("admin", SignIn("/login", {"password": "old"})))

    assert (answer.proof, answer.status) == (Proof.FAILED, None)
    assert answer.reason == "signing in as admin at /login was answered 401: a valid identity was refused"


@pytest.mark.parametrize(
    ("status", "body", "proof"),
    [
        (500, {}, Proof.FAILED),
        (404, {}, Proof.FAILED),
        (422, {}, Proof.FAILED),
        (302, {}, Proof.FAILED),
        (429, {}, Proof.UNPROVED),
        (200, {}, Proof.FAILED),
        (200, {"access_token": 7}, Proof.FAILED),
        (200, b"<html>", Proof.FAILED),
    ],
)
def test_a_sign_in_without_a_token_proves_nothing(serve, told, status, body, proof):
    server = serve(lambda _: told(status, body))

    assert of_admin(server.url, Identity("admin", SignIn("/login"))).proof is proof


def test_a_sign_in_without_cookies_has_failed_where_they_are_the_credential(serve, told):
    server = serve(lambda _: told(200, {}))

    assert of_admin(server.url, Identity("admin", SignIn("/login", token_field=None))).proof is Proof.FAILED


def test_a_sign_in_that_redirects_with_a_cookie_gives_a_credential(serve, told):
    def tell(heard):
        if heard.path == "/login":
            return told(303, headers=[("Location", "/"), ("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2")])
        return told(200 if heard.headers.get("cookie") == "a=1; b=2" else 401)

    assert of_admin(serve(tell).url, Identity("admin", SignIn("/login", token_field=None))).proof is Proof.PROVED


def test_a_sign_in_that_is_not_answered_has_failed(closed_port):
    answer = of_admin(f"http://127.0.0.1:{closed_port}", Identity("admin", SignIn("/login")))

    assert (answer.proof, answer.reason.endswith("the connection was refused")) == (Proof.FAILED, True)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 500])
def test_a_token_that_the_server_repeats_is_in_no_reason(serve, told, status):
    def tell(heard):
        token = heard.headers.get("authorization", "").removeprefix("Bearer ")
        error = f'relation "{token}" does not exist'
        return told(status, {token: error}, headers=[("Location", f"/login/{token}"), ("X-Echo", token)])

    assert TOKEN not in of_admin(serve(tell).url, schemas={200: {"additionalProperties": False}}).reason


def test_a_page_that_answers_500_to_real_people_only_has_failed(serve, told):
    def tell(heard):
        is_known = heard.headers.get("authorization") == f"Bearer {TOKEN}"
        return told(500 if is_known else 401, b"")

    assert proofs(ask(serve(tell).url, [MODULES], [ADMIN])) == {
        ANONYMOUS: Proof.LOCKED,
        INVALID: Proof.LOCKED,
        "admin": Proof.FAILED,
    }


def test_two_identities_of_one_name_are_refused():
    with pytest.raises(InvalidSetting):
        ask("http://127.0.0.1:1", [], [ADMIN, ADMIN])


@pytest.mark.parametrize("limit", [{"at_once": 0}, {"timeout_seconds": 0}])
def test_limits_under_which_nothing_could_be_asked_are_refused(limit):
    with pytest.raises(InvalidSetting):
        ask("http://127.0.0.1:1", [], **limit)
