"""The child process in which a project's own code runs: its scripts, its env.py, its models.

It is a process of its own because that code is not ours: it reads settings once per process, reconfigures
logging, prints, calls sys.exit. None of that can reach the guard; what the guard gets are the answers below, over
a channel (`chain/channel.py`).
"""

import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from alembic.config import CommandLine, Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, event, text
from sqlalchemy.orm import Mapper
from sqlalchemy.pool import Pool

from interlock.chain import models
from interlock.chain.flask_app import application_context
from interlock.chain.half_done import HalfDone
from interlock.chain.inputs import Recorder
from interlock.chain.lock_waits import LockWaits, is_postgresql
from interlock.chain.losses import Losses
from interlock.chain.measure import Measurements
from interlock.chain.packages import OwnPackages, find_packages, is_left_out, modules_of, own_folders
from interlock.chain.roles import Roles
from interlock.chain.same_session import Sent
from interlock.chain.whole_server import keep_whole_server

Answer = Mapping[str, Any]
Asked = tuple[str, Mapping[str, float] | None, Mapping[str, Any] | None]
"""A revision, how it waits for locks, and from where on it is run."""


_BEGINS = {"upgrade": "upgrade", "measure": "measuring"}


class AnotherDatabase(Exception):
    """env.py opened another database than the one that was meant."""


class SeveralDatabases(Exception):
    """env.py runs the chain more than once, on another database each time."""


class SeveralVersionTables(Exception):
    """env.py runs the chain more than once, each time with a version table of its own."""


RUNS_AHEAD_SECONDS = 0.1
"""For so long the revisions that the guard has asked for together go on before it asks again."""


@dataclass(frozen=True)
class _Revision:
    """One that is being run, what is to be told of it then, and what goes on after it, if anything does."""

    id: str
    end: Callable[[], Answer]
    go_on: Callable[[], "_Revision | None"] = lambda: None


class Worker:
    """Does what the guard asks, one request at a time."""

    setup: Mapping[str, Any]

    def __init__(self, tell: Callable[[Answer], None], wait: Callable[[Answer], Answer]) -> None:
        """`tell` tells the guard something in the middle of its request; `wait` then gives what it asks."""
        self.tell, self.wait = tell, wait
        self.mappers: list[Mapper[Any]] = []
        self.metadata: list[MetaData] | None = None
        self.memory: dict[Any, Any] = {}
        self.lock_waits: LockWaits | None = None
        self.half_done: HalfDone | None = None
        self.losses: Losses | None = None
        self.roles: Roles | None = None
        self.measurements: Measurements | None = None
        self.recorder = Recorder()
        self.packages: OwnPackages | None = None
        # As they are before any of the project's code has run.
        self.folder, self.path = Path.cwd(), frozenset(sys.path)
        self.sent = Sent()
        # With SQLAlchemy 1.4 a mapper is told before it is complete, which it is when it is asked.
        told = "after_mapper_constructed" if version("sqlalchemy") >= "2" else "instrument_class"
        event.listen(Mapper, told, lambda mapper, _class: self.mappers.append(mapper))

    def connect(self, setup: Mapping[str, Any]) -> Answer:
        """Take note of the database, and of how the project is told of it, before any of its code is imported."""
        self.setup = setup
        os.environ.update(setup["environment"])
        is_on_target = _server_of(setup["identity"]) == _server_of(setup["refused_identity"] or "")
        if is_on_target:
            keep_whole_server()
        if setup["scratch_roles"] is not None:
            self.roles = Roles(setup["scratch_roles"], is_on_target=is_on_target)
            self.roles.listen()
        # The pool is the one place that each connection of SQLAlchemy passes, whoever makes its engine.
        event.listen(Pool, "connect", self._admit)
        return {}

    def _admit(self, connection: Any, _record: object) -> None:
        """Look at a new connection before the project's code can use it. It may be one to another kind of database."""
        if not is_postgresql(connection):
            return
        try:
            self._refuse(connection)
            for statement in self.setup["session_statements"]:
                _fetch_one(connection, statement)
        finally:
            # Alembic must find no transaction begun, or it would not commit its own.
            connection.commit()

    def _refuse(self, connection: Any) -> None:
        if self.setup["refused_identity"] is None:
            return
        if _fetch_one(connection, self.setup["identity_query"]) == self.setup["refused_identity"]:
            raise AnotherDatabase

    @cached_property
    def config(self) -> Config:
        return config_of(self.setup)

    @cached_property
    def scripts(self) -> ScriptDirectory:
        return ScriptDirectory.from_config(self.config)

    @property
    def script_folders(self) -> Collection[Path]:
        """Where env.py is, and where the revisions are: that may be elsewhere, in an installed package say."""
        return [Path(self.scripts.dir).absolute(), *map(Path, self.scripts._version_locations)]

    @property
    def code(self) -> Collection[Path]:
        """The folders of the project's code, as far as they are known."""
        scripts = self.script_folders if "scripts" in vars(self) else []
        return [*scripts, *(self.packages.folders if self.packages else ())]

    def inputs(self) -> Answer:
        """Tell what the project's code has read up to now."""
        inputs = self.recorder.inputs()
        return {"inputs": asdict(inputs) if inputs else None}

    def describe(self) -> Answer:
        """List the revisions, oldest first, with the heads."""
        revisions = [
            {
                "id": script.revision,
                "message": script.doc or "",
                "path": str(script.path),
                "parents": _as_list(script.down_revision),
                "dependencies": self._resolve(script.dependencies),
            }
            for script in self.scripts.walk_revisions()
        ]
        heads = sorted(self.scripts.get_heads())
        labels = {head: sorted(self.scripts.get_revision(head).branch_labels) for head in heads}
        return {"revisions": revisions[::-1], "heads": heads, "labels": labels}

    def _resolve(self, dependencies: Any) -> list[str]:
        # A dependency may be named by a branch label.
        return [self.scripts.get_revision(name).revision for name in _as_list(dependencies)]

    def look(self) -> Answer:
        """Run env.py without running a revision: which version table does it use, which database does it open?"""
        seen: list[MigrationContext] = []
        paths: list[str | None] = []

        def note(_heads: object, context: MigrationContext) -> Iterable[RevisionStep]:
            if seen and not self._is_target(context):
                raise SeveralDatabases
            self._require_target(context)
            seen.append(context)
            paths.append(_search_path(context))
            return []

        self._run_env(note, dont_mutate=True)
        if not seen:
            return {"calls_alembic": False}
        context = seen[-1]
        self.metadata = _as_list(context.opts.get("target_metadata"))
        return {
            "calls_alembic": True,
            "version_table": context.version_table,
            "version_table_schema": context.version_table_schema,
            "search_path": paths[-1],
            # env.py, or what it imports, may have given the table another shape (version_table_impl).
            "room_for_revisions": getattr(context._version.c.version_num.type, "length", None),
        }

    def limit_lock_waits(self) -> Answer:
        """Let no statement wait for a lock for long, from now on: there are others who use this database."""
        self.losses = losses = Losses(self.setup["identity_query"], self.setup["identity"])
        losses.listen()  # before all: what it refuses was not committed
        self.half_done = half_done = HalfDone()
        half_done.listen()  # first: what is not sent waits for nobody
        self.lock_waits = LockWaits(
            lambda cursor, statement, context, execute: half_done.together(
                cursor, statement, context, losses.together(statement, context, execute)
            )
        )
        self.lock_waits.listen()
        return {}

    def upgrade(self, asked: Sequence[Asked]) -> Answer:
        """Run one revision, the way `alembic upgrade` does, from where it was cut short, and those after it.

        Where that changes nothing, env.py is held up after it, and the next one goes by the same run of it.
        """
        return self._run(self._begin_upgrade(asked))

    def measure(self, revision: str, version_table: str) -> Answer:
        """Run one revision, and tell of each of its statements what it does."""
        return self._run(self._begin_measuring(revision, version_table))

    def _run(self, revision: "_Revision") -> Answer:
        told: Answer = {}
        memory = deepcopy(self.memory)

        def steps(_heads: object, context: MigrationContext) -> Iterable[RevisionStep]:
            nonlocal told, memory, revision
            self._require_target(context)
            context.impl.memo = self.memory
            # What env.py has set for its transaction would be gone after the first revision.
            is_plain = not (context._in_external_transaction or context.as_sql or self.sent.take_but_own())
            while True:
                yield RevisionStep.upgrade_from_script(
                    self.scripts.revision_map, self.scripts.get_revision(revision.id)
                )
                told = revision.end()
                if self.sent.take() or not is_plain:
                    return
                memory = deepcopy(self.memory)
                if next_one := revision.go_on():
                    self.tell({**told, "goes_on": True})
                    revision = next_one
                    continue
                request = self.wait(told)
                if request["do"] == "end_run":
                    told = {}
                    return
                revision = getattr(self, f"_begin_{_BEGINS[request['do']]}")(*request["with"])

        self.sent.take()
        try:
            self._run_env(steps)
        except BaseException:
            self.memory = memory  # what it made is not there any more
            raise
        return {**told, "is_over": True}

    def _begin_upgrade(self, asked: Sequence[Asked], until: float | None = None) -> "_Revision":
        (revision, waits, start), *ahead = asked
        if self.lock_waits and waits:
            self.lock_waits.begin(**waits)
        if self.half_done and start:
            self.half_done.begin(revision, start)
        if self.losses and start:
            self.losses.begin(start["foreseen"])
        end = until or time.monotonic() + RUNS_AHEAD_SECONDS
        return _Revision(
            revision, dict, lambda: self._begin_upgrade(ahead, end) if ahead and time.monotonic() < end else None
        )

    def _begin_measuring(self, revision: str, version_table: str) -> "_Revision":
        if self.measurements is None:
            self.measurements = Measurements(lambda done: self.wait({"paused_after": done}))
            self.measurements.listen()
        measurements, script = self.measurements, str(self.scripts.get_revision(revision).path)
        measurements.begin(script, version_table)
        if self.roles:
            self.roles.is_pending = True
        place = {"revision": revision, "file": Path(script).name}
        return _Revision(revision, lambda: {"statements": [{**place, **each} for each in measurements.end()]})

    def left_behind(self) -> Answer:
        """Whether the revision that failed is as good as never begun, so that it can be run again; what of it stays."""
        waits = self.lock_waits
        if waits is None:
            return {"is_undone": False}
        return {"is_undone": not waits.left_something, "committed": waits.committed}

    def end_run(self) -> Answer:
        """No run is held up any more."""
        return {}

    def begin_run(self) -> Answer:
        """Forget what Alembic remembers within one run.

        Within `alembic upgrade head` SQLAlchemy notes which enum types it made, and a later create_table that
        names one of them does not make it again. Chains rely on that without knowing it (Optuna's does), so the
        revisions that we run one by one share that memory too.
        """
        self.memory = {}
        return {}

    def lay_foundation(self) -> Answer:
        """Make the tables that the chain takes for granted."""
        metadata = models.as_metadata(self._load(self.setup["foundation"]))
        # By our own driver: the project's may be one that only an event loop can use.
        engine = create_engine(self.setup["psycopg_url"])
        with engine.begin() as connection:
            self._require(connection.execute(text(self.setup["identity_query"])).scalar_one())
            for each in metadata:
                each.create_all(connection)
        engine.dispose()
        return {}

    def find_modules(self) -> Answer:
        """Name the modules of the project's packages that can define mapped classes and were not imported yet.

        From now on, no connection of SQLAlchemy writes: a module that makes its tables when it is imported would
        make up for what the chain lacks.
        """
        if self.setup["models"]:
            self.metadata = models.as_metadata(self._load(self.setup["models"]))
        if not self.metadata:
            return {"modules": [], "left_out": {}}
        event.listen(Pool, "checkout", _make_read_only)
        folders = own_folders(self.folder, self.path)
        named = [self.setup["models"].partition(":")[0]] if self.setup["models"] else []
        start = modules_of(self.metadata, self.mappers).union(named)
        self.packages = find_packages(start, folders, self.script_folders)
        modules = self.packages.defining_modules()
        left_out = {module: why for module in modules if (why := self._reason_against(self.packages, module))}
        return {"modules": [module for module in modules if module not in left_out], "left_out": left_out}

    def _reason_against(self, packages: OwnPackages, module: str) -> str | None:
        if is_left_out(module, self.setup["exclude_modules"]):
            return "by the settings"
        return "another chain migrates it" if packages.is_of_another_chain(module) else None

    def load(self, module: str) -> Answer:
        """Import one module."""
        import_module(module)
        return {}

    def describe_models(self) -> Answer:
        """Give what the mapped classes of the project's metadata expect."""
        if self.setup["models"] and not self.metadata:
            self.metadata = models.as_metadata(self._load(self.setup["models"]))
        if not self.metadata:
            return {"metadata": False}
        if self.packages is None:
            return {"metadata": True, **models.describe(self.metadata, self.mappers)}
        packages, excluded = self.packages, self.setup["exclude_modules"]
        described = models.describe(
            self.metadata,
            self.mappers,
            # What is imported all the same may be left out too: classes that are meant for another database.
            is_own=lambda module: packages.holds(module) and not is_left_out(module, excluded),
            of_others=self._metadata_of_others(packages),
        )
        return {"metadata": True, **described}

    def _metadata_of_others(self, packages: OwnPackages) -> list[MetaData]:
        # What the chain takes for granted is as it was before the chain changed it.
        found = [self._load(self.setup["foundation"])] if self.setup["foundation"] else []
        return models.as_metadata([*found, *packages.migrated_by_others()])

    def _load(self, path: str) -> Any:
        _ = self.scripts  # it puts prepend_sys_path of the settings on the path that modules are looked for on
        module, _, attribute = path.partition(":")
        return getattr(import_module(module), attribute)

    def _run_env(self, steps: Callable[[Any, MigrationContext], Iterable[RevisionStep]], **options: Any) -> None:
        tables: set[tuple[str | None, str]] = set()

        def steps_by_one_table(heads: Any, context: MigrationContext) -> Iterable[RevisionStep]:
            tables.add((context.version_table_schema, context.version_table))
            _require_one(tables)
            return steps(heads, context)

        context = EnvironmentContext(self.config, self.scripts, fn=steps_by_one_table, **options)
        configure = context.configure

        def configure_one_by_one(*arguments: Any, **wanted: Any) -> None:
            """Let each revision be committed by itself, whatever env.py says."""
            configure(*arguments, **{**wanted, "transaction_per_migration": True})

        context.configure = configure_one_by_one  # type: ignore[method-assign]
        with context, self._application():
            self.scripts.run_env()
        _require_one(tables)  # env.py may have caught what was raised above

    def _application(self) -> AbstractContextManager[None]:
        env = Path(self.scripts.dir) / "env.py"
        return application_context(env, is_flask_migrate=self.setup["is_flask_migrate"])

    def _require_target(self, context: MigrationContext) -> None:
        if not self._is_target(context):
            raise AnotherDatabase

    def _is_target(self, context: MigrationContext) -> bool:
        # Alembic has read the version table on this connection by now, so asking here changes nothing for it.
        if context.connection is None:
            return True
        if context.dialect.name != "postgresql":
            return False
        identity = context.connection.execute(text(self.setup["identity_query"])).scalar_one()
        return bool(identity == self.setup["identity"])

    def _require(self, identity: str) -> None:
        if identity != self.setup["identity"]:
            raise AnotherDatabase


def config_of(setup: Mapping[str, Any]) -> Config:
    """The Alembic configuration of a project, with the database that is meant."""
    # Alembic before 1.16 has no such argument, and reads no pyproject.toml.
    toml = {"toml_file": setup["toml_file"]} if setup["toml_file"] else {}
    config = Config(
        file_=setup["config_file"],
        ini_section=setup["section"],
        cmd_opts=_as_upgrade(setup["x_arguments"]),
        stdout=sys.stdout,
        **toml,
    )
    if setup["script_location"]:
        config.set_main_option("script_location", setup["script_location"].replace("%", "%%"))
    # ConfigParser interpolates: a percent sign in a password has to be doubled.
    config.set_main_option("sqlalchemy.url", setup["url"].replace("%", "%%"))
    return config


def _as_upgrade(x_arguments: Sequence[str]) -> Namespace:
    """The options of `alembic upgrade heads`: env.py may look at them."""
    options = CommandLine().parser.parse_args(["upgrade", "heads"])
    options.x = list(x_arguments)
    return options


def _require_one(tables: Collection[tuple[str | None, str]]) -> None:
    """Raise SeveralVersionTables where env.py runs the chain by more than one, such as one for each tenant."""
    if len(tables) > 1:
        raise SeveralVersionTables(", ".join(sorted(".".join(filter(None, table)) for table in tables)))


def _server_of(identity: str) -> str:
    return identity.partition("/")[0]


def _search_path(context: MigrationContext) -> str | None:
    """The search path that env.py works with, perhaps one of its own."""
    if context.connection is None:
        return None
    return str(context.connection.exec_driver_sql("show search_path").scalar_one())


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _make_read_only(connection: Any, _record: object, _proxy: object) -> None:
    if is_postgresql(connection):
        _fetch_one(connection, "select pg_catalog.set_config('default_transaction_read_only', 'on', false)")
        connection.commit()


def _fetch_one(connection: Any, statement: str) -> Any:
    cursor = connection.cursor()
    try:
        cursor.execute(statement)
        return cursor.fetchone()[0]
    finally:
        cursor.close()
