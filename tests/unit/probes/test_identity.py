"""As whom an endpoint is asked."""

import pytest

from interlock.errors import InvalidSetting
from interlock.probes.address import base_of, check_paths
from interlock.probes.build import BuildCheck, read_build
from interlock.probes.credential import Credential
from interlock.probes.identity import GivenToken, Identity, SignIn, TokenCommand, TokenHeader
from interlock.probes.probe import Probe
from interlock.probes.reply import NoReply, Reply


@pytest.mark.parametrize("name", ["anonymous", "invalid", ""])
def test_a_real_identity_cannot_have_the_name_of_nobody(name: str):
    with pytest.raises(InvalidSetting):
        Identity(name, GivenToken("TOKEN", "x"))


def test_a_header_must_carry_the_token():
    with pytest.raises(InvalidSetting):
        TokenHeader("X-Key", "Key")


def test_a_command_with_an_open_quotation_mark_is_refused_without_repeating_it():
    with pytest.raises(InvalidSetting) as refused:
        TokenCommand.from_line("login --password 's3cret")

    assert "s3cret" not in refused.value.problem + refused.value.remedy


def test_a_sign_in_leads_to_the_application_only():
    with pytest.raises(InvalidSetting):
        SignIn("https://elsewhere.example.org/token")


@pytest.mark.parametrize(
    "value",
    [
        Identity("admin", GivenToken("TOKEN", "s3cret")),
        Identity("admin", TokenCommand(("login", "s3cret"))),
        Identity("admin", SignIn("/login", {"password": "s3cret"})),
        Credential.of_token("s3cret"),
        Credential.of_cookies({"session": "s3cret"}),
    ],
)
def test_a_secret_is_not_in_the_repr(value: object):
    assert "s3cret" not in repr(value)


@pytest.mark.parametrize(
    "url",
    [
        "example.org",
        "ftp://example.org",
        "http://",
        "http://a:s3cret@example.org",
        "http://a/?q=1",
        "http://a:x",
        "http://[",
    ],
)
def test_an_address_that_cannot_be_asked_is_refused_without_repeating_it(url: str):
    with pytest.raises(InvalidSetting) as refused:
        base_of(url)

    assert "s3cret" not in refused.value.problem + refused.value.remedy


def test_paths_are_put_behind_the_prefix_of_the_address():
    assert base_of("https://example.org/api/") == "https://example.org/api"


@pytest.mark.parametrize("path", ["modules", "@evil.example.org", "/a b", "/a\r\nX: 1", ""])
def test_a_path_that_leads_elsewhere_is_refused(path: str):
    with pytest.raises(InvalidSetting):
        check_paths([Probe(path)])


@pytest.mark.parametrize(
    ("body", "build"),
    [
        (b'{"build": "abc123"}', "abc123"),
        (b'{"build": 7}', "7"),
        (b'{"build": null}', None),
        (b'{"build": true}', None),
        (b'{"build": ""}', None),
        (b'{"build": "\\u001b[31m"}', None),
        (b"{}", None),
        (b"[]", None),
        (b"abc123", None),
    ],
)
def test_a_build_is_read_from_its_field(body: bytes, build: str | None):
    assert read_build(Reply(200, "application/json", body), BuildCheck()) == build


def test_a_build_can_be_in_a_field_of_a_field():
    reply = Reply(200, "application/json", b'{"app": {"sha": "abc"}}')

    assert read_build(reply, BuildCheck(field="app.sha")) == "abc"


@pytest.mark.parametrize("reply", [NoReply("refused"), Reply(404, "application/json", b'{"build": "abc"}')])
def test_a_failed_answer_tells_no_build(reply: Reply | NoReply):
    assert read_build(reply, BuildCheck()) is None
