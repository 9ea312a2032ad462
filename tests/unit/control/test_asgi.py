import pytest

from interlock.asgi import assemble, create
from interlock.errors import ExitCode, InvalidSetting

COMPLETE = {"DATABASE_URL": "postgresql://u:s3cret@127.0.0.1:1/x", "INTERLOCK_TOKEN_KEY": "k" * 32}


@pytest.mark.parametrize("name", COMPLETE)
def test_a_setting_that_is_missing_is_named(name: str):
    with pytest.raises(InvalidSetting, match=f"{name} is not set"):
        assemble(COMPLETE | {name: ""})


def test_a_short_token_key_is_refused():
    with pytest.raises(InvalidSetting, match="shorter than 32 bytes"):
        assemble(COMPLETE | {"INTERLOCK_TOKEN_KEY": "short"})


@pytest.mark.parametrize("key", ["ssh-ed25519 " + "A" * 60, "-----BEGIN PUBLIC KEY-----\nA\n-----END PUBLIC KEY-----"])
def test_a_token_key_with_which_nothing_can_be_signed_is_refused_before_anybody_signs_in(key: str):
    with pytest.raises(InvalidSetting, match="no secret") as refused:
        assemble(COMPLETE | {"INTERLOCK_TOKEN_KEY": key})

    assert key not in f"{refused.value} {refused.value.remedy} {refused.value.__cause__}"


@pytest.mark.parametrize("url", ["mysql://u:s3cret@h/x", "postgresql://u:s3cret@h:port/x", "s3cret"])
def test_a_url_that_is_none_is_refused_without_showing_it(url: str):
    with pytest.raises(InvalidSetting) as refused:
        assemble(COMPLETE | {"DATABASE_URL": url})

    assert "s3cret" not in f"{refused.value} {refused.value.remedy} {refused.value.__cause__}"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+asyncpg"])
def test_every_spelling_of_the_scheme_is_taken(scheme: str):
    assemble(COMPLETE | {"DATABASE_URL": f"{scheme}://u@127.0.0.1:1/x"})


def test_the_server_stops_with_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.delenv("INTERLOCK_TOKEN_KEY", raising=False)

    with pytest.raises(SystemExit) as stopped:
        create()

    assert stopped.value.code == ExitCode.USAGE
    assert capsys.readouterr().err.startswith("interlock: INTERLOCK_TOKEN_KEY is not set\n")
