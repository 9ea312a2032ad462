"""What can go wrong in a project's code, as the guard tells it."""

from dataclasses import dataclass

from interlock.errors import InterlockError
from interlock.postgres.outages import outage_remedy, outage_remedy_by_words

NAME_THE_APPLICATION = (
    "set FLASK_APP as for the command flask, such as FLASK_APP=shop:create_app, and whatever the application reads "
    "when it starts; --debug shows the whole traceback"
)
_CORRECT_IT = "correct it and run again; --debug shows the whole traceback"
_NAME_THE_SCRIPTS = (
    "name the folder in interlock.toml: [project] script_location = a path from the project's folder, or package:path "
    "for one in an installed package"
)
_NAME_THE_FOUNDATION = (
    "correct it and run again, or name the tables that the chain takes for granted: [project] foundation; "
    "--debug shows the whole traceback"
)
_NAME_A_SERVER = (
    "let INTERLOCK_SCRATCH_URL name a server that has the extension, of whatever major: the embedded one is without it"
)
_UNDEFINED_TABLE = "42P01"
_NOT_SUPPORTED = "0A000"


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong in the project's code.

    `is_undone`: of the revision that failed nothing was committed; else `committed` are the statements that were,
    as far as that is known.
    """

    error: str
    message: str
    sqlstate: str | None = None
    statement: str | None = None
    place: str | None = None
    traceback: str = ""
    is_undone: bool = False
    committed: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f" ({self.place})" if self.place else ""
        return f"{self.message}{where}"


class ProjectFailed(InterlockError):
    """The project's code failed, or its process ended."""

    def __init__(self, doing: str, failure: Failure, remedy: str = "") -> None:
        super().__init__(
            problem=f"{doing} failed: {failure}",
            remedy=remedy or _remedy_for(failure),
        )
        self.failure = failure


def _remedy_for(failure: Failure) -> str:
    if failure.error == "CommandError" and failure.message.startswith("Path doesn't exist"):
        return _NAME_THE_SCRIPTS
    if outage := outage_remedy(failure.sqlstate) if failure.sqlstate else outage_remedy_by_words(failure.message):
        return f"{outage}, then run again"
    if failure.sqlstate == _NOT_SUPPORTED and failure.message.startswith("extension "):
        return _NAME_A_SERVER
    return _NAME_THE_FOUNDATION if failure.sqlstate == _UNDEFINED_TABLE else _CORRECT_IT


class OpensAnotherDatabase(InterlockError):
    """env.py does not open the database that it is given."""

    def __init__(self, *, is_flask_migrate: bool = False) -> None:
        remedy = 'say in interlock.toml how it is told: [project.environment] NAME = "{url}"'
        of_flask = "let the application take SQLALCHEMY_DATABASE_URI from an environment variable, and"
        super().__init__(
            problem="env.py opens another database than the one it was given: it takes its URL from somewhere else",
            remedy=f"{of_flask} {remedy}" if is_flask_migrate else f"{remedy}, or x_arguments",
        )


class SeveralDatabases(InterlockError):
    """env.py migrates more than one database in one run."""

    def __init__(self) -> None:
        super().__init__(
            problem="env.py migrates several databases in one run (binds of Flask-SQLAlchemy, say), "
            "and one of them can be proved",
            remedy="keep a chain of its own for each database, or let an x argument choose one of them in env.py, "
            "and release each with its URL: DATABASE_URL=... interlock release -x bind=users",
        )


class EnvDoesNotMigrate(InterlockError):
    """env.py ended without calling Alembic."""

    def __init__(self) -> None:
        super().__init__(
            problem="env.py ended without running context.run_migrations(): it would apply nothing, and say nothing",
            remedy="look for a condition around it in env.py, or an exception that env.py catches",
        )


class SeveralVersionTables(InterlockError):
    """env.py runs the chain more than once, each time with a version table of its own."""

    def __init__(self, tables: str) -> None:
        super().__init__(
            problem=f"env.py migrates by several version tables in one run ({tables}), and one of them can be proved",
            remedy="let an x argument choose one of them in env.py, and release each: interlock release -x tenant=...",
        )
