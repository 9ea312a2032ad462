"""The process that runs the pending revisions on the target, and how it is ended so that nothing of it goes on."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import sql

from interlock.chain.child import Child, Environment, start_child
from interlock.chain.project import Project
from interlock.errors import InterlockError, Unreachable
from interlock.postgres.session import WORKER_SETTINGS, Connection, open_session, read_identity
from interlock.postgres.url import DatabaseUrl


class ActsOtherwise(InterlockError):
    """env.py configures something else on the target than on the scratch database."""

    def __init__(self, found: Environment) -> None:
        table = ".".join(filter(None, (found.version_table_schema, found.version_table)))
        super().__init__(
            problem=f"on this database env.py keeps the revision in {table}, and on the scratch database it did not",
            remedy="let it choose the version table by an x argument, not by what it finds in the database",
        )


class TargetProcess:
    """A process that gets ready while others work, and knows no database before `connect`.

    `application` is the name that its sessions have on the server.
    """

    def __init__(self, child: Child, url: DatabaseUrl, application: str) -> None:
        self.child, self.application, self._url = child, application, url

    def connect(self, session: Connection, shared_lock: str, environment: Environment) -> None:
        """Give it the database of this session, and run env.py there without a revision.

        Each session of its own holds `shared_lock`, so that no successor works too. Raises ProjectFailed and what
        `Child.look` does, and ActsOtherwise where env.py says something else than on the scratch database.
        """
        name = sql.SQL("select pg_catalog.set_config('application_name', {}, false)").format(self.application)
        self.child.connect(
            self._url, read_identity(session), session_statements=[*WORKER_SETTINGS, shared_lock, name.as_string()]
        )
        if (found := self.child.look()) != environment:
            raise ActsOtherwise(found)

    def cut_off(self, revisions_of: Callable[[Connection], Collection[str]]) -> frozenset[str]:
        """End it at once, with its sessions: ending the process alone would not end what they do.

        Gives what it was asked for last and has run: it may have been further than it had told. Where the server
        cannot be reached that is nothing, and the next release waits for the sessions: they hold the lock.
        """
        # The process first: it might try again.
        self.child.kill()
        with suppress(Unreachable, psycopg.Error), open_session(self._url) as fresh:
            fresh.execute(
                "select pg_catalog.pg_terminate_backend(pid, 5000) from pg_catalog.pg_stat_activity "
                "where application_name = %s",
                [self.application],
            )
            return frozenset(self.child.asked_for).intersection(revisions_of(fresh))
        return frozenset()


@contextmanager
def start_target_process(project: Project, url: DatabaseUrl, application: str) -> Iterator[TargetProcess]:
    """Start the process; it ends afterwards."""
    with start_child(project, application) as child:
        yield TargetProcess(child, url, application)
