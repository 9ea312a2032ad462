"""Database URLs: every spelling that people use, checked here before a driver can quote one in an error."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlencode

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from interlock.errors import ExitCode, InterlockError

DEFAULT_PORT = 5432

_SCHEME = re.compile(r"(?P<dialect>postgres|postgresql)(?P<driver>\+\w+)?\Z")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SSL_MODES = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})


class InvalidDatabaseUrl(InterlockError):
    """A database URL that cannot be used. It is never quoted: any part of it may be a password."""

    exit_code = ExitCode.USAGE

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(
            problem=f"the database URL {problem}",
            remedy=remedy or "write it as postgresql://user:password@host:port/database",
        )


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """Where a database is and as whom to open it. Printing it shows no secret.

    `scheme` keeps the driver that the project asked for (`postgresql+asyncpg`); we connect without it.
    """

    scheme: str
    user: str
    password: str = field(repr=False)
    host: str
    port: int
    database: str
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def secrets(self) -> frozenset[str]:
        """What must not be printed: the passwords, in every spelling that a program may print."""
        return spellings(self.password) | spellings(self.parameters.get("sslpassword", ""))

    @property
    def conninfo(self) -> str:
        """The connection string for libpq; what only another driver knows is left out of it."""
        known = {option.keyword.decode() for option in Conninfo.get_defaults()}
        ours = {"user": self.user, "password": self.password, "host": self.host, "dbname": self.database}
        extra = {key: value for key, value in _with_sslmode(self.parameters).items() if key in known}
        return make_conninfo(**{**ours, "port": str(self.port), **extra})

    @property
    def open_conninfo(self) -> str:
        """The same without what must not be printed."""
        parts = conninfo_to_dict(self.conninfo)
        secret = ("password", "sslpassword")
        return make_conninfo(**{key: str(value) for key, value in parts.items() if key not in secret})

    def with_database(self, database: str) -> "DatabaseUrl":
        return replace(self, database=database)

    def with_driver_of(self, other: "DatabaseUrl") -> "DatabaseUrl":
        """The same database by the driver that another URL names, where this one names none."""
        return replace(self, scheme=other.scheme) if self.scheme == "postgresql" else self

    def as_text(self, scheme: str | None = None) -> str:
        """The URL in full, password included, for a program that has to connect."""
        scheme = scheme or self.scheme
        user = quote(self.user, safe="")
        password = f":{quote(self.password, safe='')}" if self.password else ""
        # A socket directory cannot stand where a host stands; every driver takes it as a parameter.
        is_socket = self.host.startswith("/")
        place = "" if is_socket else f"{_bracketed(self.host)}:{self.port}"
        socket = {"host": self.host, "port": str(self.port)} if is_socket else {}
        parameters = urlencode({**socket, **_for_driver(scheme, self.parameters)}, quote_via=quote)
        login = f"{user}{password}@" if user else ""
        return f"{scheme}://{login}{place}/{quote(self.database, safe='')}" + (f"?{parameters}" if parameters else "")

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"


def spellings(password: str) -> frozenset[str]:
    """The password as it is, and as URLs, ConfigParser, Python and libpq write it."""
    in_urls = {quote(password, safe=""), quote(password), quote(password, safe=" +"), quote_plus(password)}
    in_urls |= {re.sub("%..", lambda escape: escape[0].lower(), each) for each in in_urls}
    quoted = {repr(password)[1:-1], password.replace("\\", "\\\\").replace("'", "\\'"), json.dumps(password)[1:-1]}
    plain = {password, *in_urls, *quoted}
    return frozenset(plain | {each.replace("%", "%%") for each in plain}) - {""}


def parse_url(text: str) -> DatabaseUrl:
    """Read a database URL in any of the usual spellings. Raises InvalidDatabaseUrl."""
    scheme, separator, rest = text.strip().partition("://")
    known = _SCHEME.match(scheme)
    if not separator:
        raise InvalidDatabaseUrl("has no scheme")
    if not known:
        raise InvalidDatabaseUrl("is not a PostgreSQL one", "it has to begin with postgresql:// or postgres://")
    before_query, _, query = rest.partition("?")
    authority, _, database = before_query.partition("/")
    login, _, place = authority.rpartition("@")
    if "@" in login or "@" in database or "#" in before_query or ("@" in query and not login):
        raise InvalidDatabaseUrl(
            "is ambiguous: one of @ / ? # stands in the user name or in the password",
            "percent-encode it there: @ is %40, / is %2F, ? is %3F, # is %23, % is %25",
        )
    user, _, password = login.partition(":")
    host, port = _split_place(place)
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    host = unquote(host) or parameters.pop("host", "") or "localhost"
    port = port or parameters.pop("port", "")
    return DatabaseUrl(
        scheme=f"postgresql{known['driver'] or ''}",
        user=_decoded(user) or parameters.pop("user", ""),
        password=_decoded(password) or parameters.pop("password", ""),
        host=host,
        port=_port(port),
        database=_decoded(database) or parameters.pop("dbname", ""),
        parameters=parameters,
    )


def _split_place(place: str) -> tuple[str, str]:
    if place.startswith("["):  # an IPv6 address
        address, _, port = place[1:].partition("]")
        return address, port.removeprefix(":")
    host, _, port = place.partition(":")
    return host, port


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise InvalidDatabaseUrl(
            "has something else than a number where the port stands",
            "if that is part of the password, percent-encode its @ / ? # and % signs (@ is %40)",
        )
    return int(text)


def _decoded(text: str) -> str:
    if _BROKEN_ESCAPE.search(text):
        raise InvalidDatabaseUrl(
            "has a % that begins no percent-encoding", "write a % in a user name or password as %25"
        )
    return unquote(text)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _with_sslmode(parameters: Mapping[str, str]) -> dict[str, str]:
    # asyncpg calls it `ssl`; libpq and everything on top of it `sslmode`.
    others = {key: value for key, value in parameters.items() if key != "ssl"}
    mode = parameters.get("ssl")
    return {"sslmode": mode, **others} if mode in _SSL_MODES else others


def _for_driver(scheme: str, parameters: Mapping[str, str]) -> dict[str, str]:
    standard = _with_sslmode(parameters)
    if not scheme.endswith("+asyncpg"):
        return standard
    return {("ssl" if key == "sslmode" else key): value for key, value in standard.items()}
