"""The database itself shows a transaction the rows of its organisation, and no others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from alembic import command
from sqlalchemy.exc import ProgrammingError

from interlock.control.persistence.models import METADATA, TENANT_TABLES
from tests.integration.control.conftest import Api, People, chain, serve

ADMIN = "/api/v1/admin"
TENANT = {table: "id" if table == "organisations" else "organisation_id" for table in TENANT_TABLES}


@contextmanager
def as_application(people: People, **settings: str) -> Iterator[psycopg.Connection[Any]]:
    """One transaction, as the application's role, with these settings of `interlock.` and no others."""
    with psycopg.connect(people.database) as connection:
        connection.execute("set local role interlock_app")
        for name, value in settings.items():
            connection.execute("select set_config(%s, %s, true)", (f"interlock.{name}", value))
        yield connection
        connection.rollback()


def fill(people: People) -> None:
    """Put one row of acme into every tenant table, whatever its columns are: nothing is said of them but the tenant."""
    people.member("acme", "viewer")
    with psycopg.connect(people.database) as connection:
        # No foreign key and no check is asked, so that a table which is new needs nothing new here.
        connection.execute("set session_replication_role = replica")
        for table in TENANT_TABLES:
            if connection.execute(f"select from {table}").fetchone() is None:
                columns = [column for column in METADATA.tables[table].columns if needs_value(column)]
                names = ", ".join(column.name for column in columns)
                values = [value_for(people, column) for column in columns]
                marks = ", ".join(["%s"] * len(columns))
                connection.execute(f"insert into {table} ({names}) values ({marks})", values)  # noqa: S608 - names of ours


def needs_value(column: Any) -> bool:
    return column.name == "organisation_id" or not (column.nullable or column.server_default)


def value_for(people: People, column: Any) -> object:
    if column.name == "organisation_id":
        return people.organisation("acme")
    if column.foreign_keys or column.type.python_type.__name__ == "UUID":
        return people.organisation("acme") if column.type.python_type.__name__ == "UUID" else "x"
    if getattr(column.type, "enums", None):
        return column.type.enums[0]
    return {"str": "x", "bool": True, "int": 1, "float": 1.0, "datetime": "2026-01-01", "date": "2026-01-01",
            "object": "{}", "list": "{}", "bytes": b"x"}[column.type.python_type.__name__]  # fmt: skip


@pytest.fixture
def filled(people: People) -> People:
    fill(people)
    return people


def test_in_every_tenant_table_the_tenant_is_seen_and_nobody_else(filled: People):
    acme, globex = (str(filled.organisation(key)) for key in ("acme", "globex"))
    own, others, unset, empty, everything = ({}, {}, {}, {}, {})
    for seen, settings in (
        (own, {"organisation_id": acme}),
        (others, {"organisation_id": globex}),
        (unset, {}),
        (empty, {"organisation_id": "", "whole_platform": ""}),
        (everything, {"whole_platform": "yes"}),
    ):
        with as_application(filled, **settings) as connection:
            for table, tenant in TENANT.items():
                of_acme = f"select count(*) from {table} where {tenant} = %s"  # noqa: S608 - names of ours
                seen[table] = connection.execute(of_acme, [acme]).fetchone()[0]

    assert own == everything == dict.fromkeys(TENANT_TABLES, 1)
    assert others == unset == empty == dict.fromkeys(TENANT_TABLES, 0)


def test_a_setting_of_an_earlier_transaction_is_forgotten(filled: People):
    acme = str(filled.organisation("acme"))
    with psycopg.connect(filled.database) as connection:
        counts = []
        for organisation in (acme, None):
            with connection.transaction():
                connection.execute("set local role interlock_app")
                if organisation:
                    connection.execute("select set_config('interlock.organisation_id', %s, true)", [organisation])
                counts.append(connection.execute("select count(*) from users").fetchone()[0])

    assert counts == [1, 0]


def test_no_row_can_be_written_for_another_organisation(filled: People):
    acme, globex = (str(filled.organisation(key)) for key in ("acme", "globex"))
    for table, tenant in TENANT.items():
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            as_application(filled, organisation_id=globex) as connection,
        ):
            connection.execute(f"insert into {table} ({tenant}) values (%s)", [acme])  # noqa: S608 - names of ours


def test_every_tenant_table_is_fenced_off_from_its_owner_too(people: People):
    fenced = people.sql("select relname from pg_class where relrowsecurity and relforcerowsecurity order by 1")

    assert [name for (name,) in fenced] == list(TENANT_TABLES)


def test_the_application_owns_nothing_and_cannot_get_round_the_fence(people: People):
    ((can_log_in, is_superuser, bypasses),) = people.sql(
        "select rolcanlogin, rolsuper, rolbypassrls from pg_roles where rolname = 'interlock_app'"
    )
    owned = people.sql("select relname from pg_class where relowner = 'interlock_app'::regrole")

    assert (can_log_in, is_superuser, bypasses, owned) == (False, False, False, [])


@pytest.mark.parametrize("statement", ["update audit_events set action = 'x'", "delete from audit_events"])
def test_the_audit_trail_can_only_grow(filled: People, statement: str):
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        as_application(filled, whole_platform="yes") as connection,
    ):
        connection.execute(statement)


def test_the_api_works_as_the_role_of_the_application(api: Api, people: People):
    root = people.super_admin()
    people.sql("revoke select on feature_flags from interlock_app")
    try:
        answer = api.get(f"{ADMIN}/feature-flags", root)
    finally:
        people.sql("grant select on feature_flags to interlock_app")

    assert answer.status_code == 500


def test_an_owner_who_may_not_make_roles_is_told_what_to_ask_for(database: str):
    plain = as_plain_owner(database)
    People(database, "").sql("drop role if exists interlock_app_of_others")
    People(database, "").sql("alter role interlock_app rename to interlock_app_of_others")
    try:
        with pytest.raises(ProgrammingError, match="CREATE ROLE interlock_app NOLOGIN; GRANT interlock_app TO plain"):
            command.upgrade(chain(plain), "head")
    finally:
        People(database, "").sql("alter role interlock_app_of_others rename to interlock_app")


def test_an_owner_is_held_to_the_fence_with_the_role_and_without_it(database: str, password_hash: str):
    plain, people = as_plain_owner(database), People(database, password_hash)
    people.sql("grant interlock_app to plain")
    command.upgrade(chain(plain), "head")
    root, admin = people.super_admin(), people.member("acme", "admin")
    with serve(plain) as api:
        for change in ("grant interlock_app to plain", "revoke interlock_app from plain"):
            people.sql(change)
            assert api.get("/readyz").status_code == 200
            assert api.sign_in(admin.email).status_code == 200
            seen = [len(api.get(f"{ADMIN}/organisations", who).json()["items"]) for who in (root, admin)]
            assert seen == [2, 1], change
    with psycopg.connect(plain) as connection:
        assert connection.execute("select count(*) from users").fetchone() == (0,)


def as_plain_owner(database: str) -> str:
    """The URL by which somebody who owns the database logs in, and who may do nothing else."""
    with psycopg.connect(database, autocommit=True) as connection:
        name = connection.info.dbname
        if connection.execute("select from pg_roles where rolname = 'plain'").fetchone() is None:
            connection.execute("create role plain login password 'plain'")
        connection.execute(f"alter database {name} owner to plain")
        connection.execute("alter schema public owner to plain")
        host = psycopg.conninfo.conninfo_to_dict(database)
    return f"postgresql://plain:plain@{host.get('host', '127.0.0.1')}:{host['port']}/{name}"


def test_a_database_without_its_fence_is_not_ready(database: str):
    command.upgrade(chain(database), "head")
    with serve(database) as api:
        assert api.get("/readyz").status_code == 200
        People(database, "").sql("alter table users disable row level security")
        answer = api.get("/readyz")

    assert (answer.status_code, "users" in answer.text) == (503, False)
