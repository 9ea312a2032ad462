"""A database with the control plane's schema, people in it, and the API served over it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest
import uvicorn
from alembic import command
from alembic.config import Config
from pwdlib import PasswordHash
from starlette.types import ASGIApp

from interlock.asgi import assemble
from interlock.control.http.tokens import Bearer, Tokens
from interlock.control.persistence.revisions import CONFIG_PATH
from interlock.postgres.embedded import EmbeddedServer

TOKEN_KEY = "a key that only the tests know, and long enough for each of the algorithms"
PASSWORD = "correct horse battery staple"


def chain(database: str) -> Config:
    """The control plane's chain, on a database."""
    config = Config(CONFIG_PATH)
    config.set_main_option("sqlalchemy.url", database.replace("%", "%%"))
    return config


@dataclass(frozen=True)
class Member:
    """Somebody who can sign in."""

    organisation_id: UUID
    organisation_key: str
    id: UUID
    email: str

    @property
    def token(self) -> str:
        return Tokens(TOKEN_KEY).issue(Bearer(self.organisation_id, self.id))


@dataclass(frozen=True)
class People:
    """Puts organisations and users into a database."""

    database: str
    password_hash: str

    def organisation(self, key: str) -> UUID:
        return self.sql(
            "insert into organisations (key, name, plan, is_active) values (%s, %s, 'basic', true)"
            " on conflict (key) do update set key = excluded.key returning id",
            key,
            key.title(),
        )[0][0]

    def member(self, organisation_key: str, role: str) -> Member:
        organisation_id = self.organisation(organisation_key)
        user_id = self.sql(
            "insert into users (organisation_id, name, role, is_active) values (%s, 'Somebody', %s, true) returning id",
            organisation_id,
            role,
        )[0][0]
        email = f"{role}-{user_id}@{organisation_key}.example"
        self.sql(
            "insert into logins (email, organisation_id, user_id, password_hash) values (%s, %s, %s, %s)"
            " returning email",
            email,
            organisation_id,
            user_id,
            self.password_hash,
        )
        return Member(organisation_id, organisation_key, user_id, email)

    def super_admin(self) -> Member:
        return self.member("platform", "super_admin")

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement in a transaction of its own."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


@dataclass(frozen=True)
class Api:
    """The API, served by a real server."""

    client: httpx2.Client = field(repr=False)

    def ask(self, method: str, path: str, member: Member | None = None, **more: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {member.token}"} if member else {}
        return self.client.request(method, path, headers=headers | more.pop("headers", {}), **more)

    def get(self, path: str, member: Member | None = None, **more: Any) -> httpx2.Response:
        return self.ask("GET", path, member, **more)

    def sign_in(self, email: str, password: str = PASSWORD) -> httpx2.Response:
        return self.ask("POST", "/api/v1/sign-in", json={"email": email, "password": password})


@contextmanager
def serve(database: str, **environment: str) -> Iterator[Api]:
    """Serve the control plane over a database, whatever state that is in."""
    own = {"DATABASE_URL": database, "INTERLOCK_TOKEN_KEY": TOKEN_KEY, "INTERLOCK_BUILD": "a-build"}
    with serve_app(assemble(own | environment)) as api:
        yield api


@contextmanager
def serve_app(app: ASGIApp) -> Iterator[Api]:
    """Serve an application by a real server."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    # asyncio switches Nagle's algorithm off only where the protocol is named; else each answer takes 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            with httpx2.Client(base_url=base_url, timeout=20) as client:
                yield Api(client)
        finally:
            server.should_exit = True
            thread.join(timeout=10)


@pytest.fixture(scope="session")
def password_hash() -> str:
    return PasswordHash.recommended().hash(PASSWORD)


@pytest.fixture(scope="session")
def served(server: EmbeddedServer) -> Iterator[tuple[str, Api]]:
    """One database at the head of the chain, and one server over it: `people` empties it for each test."""
    database = server.create_database("control_plane").as_text()
    command.upgrade(chain(database), "head")
    with serve(database) as api:
        yield database, api


@pytest.fixture
def people(served: tuple[str, Api], password_hash: str) -> People:
    """Nobody yet, in tables that are empty."""
    people = People(served[0], password_hash)
    people.sql("truncate organisations, feature_flags, analytics_modules, sign_in_attempts cascade")
    return people


@pytest.fixture
def api(served: tuple[str, Api], people: People) -> Api:  # noqa: ARG001 - it empties the tables
    """The API over a database in which nobody is yet."""
    return served[1]
