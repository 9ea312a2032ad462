import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from interlock.errors import conceal
from interlock.postgres.url import DatabaseUrl, InvalidDatabaseUrl, parse_url, spellings


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg2"])
def test_every_usual_scheme_is_accepted(scheme: str):
    url = parse_url(f"{scheme}://shop:secret@db.example.org:6432/orders?sslmode=require")

    assert conninfo_to_dict(url.conninfo) == {
        "user": "shop", "password": "secret", "host": "db.example.org", "port": "6432", "dbname": "orders",
        "sslmode": "require",
    }  # fmt: skip


def test_what_may_be_printed_of_a_connection_has_no_secret():
    url = parse_url("postgresql://shop:secret@db.example.org/orders?sslpassword=hidden&sslmode=require")

    assert conninfo_to_dict(url.open_conninfo) == {
        "user": "shop", "host": "db.example.org", "port": "5432", "dbname": "orders", "sslmode": "require",
    }  # fmt: skip


def test_postgres_becomes_what_sqlalchemy_takes():
    assert parse_url("postgres://u@h/d").as_text() == "postgresql://u@h:5432/d"


def test_the_driver_that_the_project_asked_for_is_kept():
    assert parse_url("postgresql+asyncpg://u:p@h/d").as_text() == "postgresql+asyncpg://u:p@h:5432/d"


def test_asyncpg_gets_its_own_word_for_sslmode():
    assert parse_url("postgresql+asyncpg://u@h/d?sslmode=require").as_text().endswith("?ssl=require")


def test_the_word_of_asyncpg_is_understood():
    assert "sslmode=require" in parse_url("postgresql+asyncpg://u@h/d?ssl=require").conninfo


def test_what_only_another_driver_knows_is_left_out_of_our_own_connections():
    assert "statement_cache_size" not in parse_url("postgresql+asyncpg://u@h/d?statement_cache_size=0").conninfo


def test_a_socket_folder_is_a_host():
    url = parse_url("postgresql://u@/d?host=/run/postgresql")

    assert conninfo_to_dict(url.conninfo)["host"] == "/run/postgresql"
    assert "host=%2Frun%2Fpostgresql" in url.as_text()


def test_an_ipv6_address_keeps_its_brackets():
    assert parse_url("postgresql://u@[::1]:6432/d").as_text() == "postgresql://u@[::1]:6432/d"


@given(user=st.text(min_size=1), password=st.text(), database=st.text(min_size=1))
def test_any_user_password_and_database_survive_being_written_and_read(user: str, password: str, database: str):
    url = DatabaseUrl("postgresql", user, password, "h", 5432, database)

    assert parse_url(url.as_text()) == url


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://shop:hunter2%zz@h/d",
        "postgresql://shop:hun@ter2@h/d",
        "postgresql://shop:hun/ter2@h/d",
        "postgresql://shop:hun#ter2@h/d",
        "postgresql://shop:hun?ter2@h/d",
        "postgresql://hunter2:hunter2",
        "hunter2",
        "mysql://shop:hunter2@h/d",
    ],
)
def test_a_url_that_cannot_be_used_is_never_quoted_not_even_in_part(text: str):
    with pytest.raises(InvalidDatabaseUrl) as caught:
        parse_url(text)

    told = f"{caught.value.problem} {caught.value.remedy}"
    assert "hun" not in told
    assert "ter2" not in told
    assert caught.value.__cause__ is None


def test_printing_a_url_shows_no_secret():
    url = parse_url("postgresql://shop:hunter2@h/d?sslpassword=hunter2")

    assert "hunter2" not in f"{url} {url!r}"


@pytest.mark.parametrize(
    "spelt", ["a b+c/d%'", "a%20b%2Bc%2Fd%25%27", "a b+c%2Fd%25%27", "a+b%2bc%2fd%25%27", "a b+c/d%%'"]
)
def test_a_password_is_secret_in_every_spelling(spelt: str):
    assert conceal(spelt, spellings("a b+c/d%'")) == "***"
