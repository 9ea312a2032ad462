"""Do chain, schema file and mapped classes agree? Found out on a scratch database alone."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from interlock.chain.project import Project
from interlock.chain.revisions import BranchesStayApart, Chain, SeveralHeads
from interlock.errors import InterlockError
from interlock.postgres.url import DatabaseUrl
from interlock.release.baseline import told_of
from interlock.release.declared import (
    SeveralBases,
    bases_of,
    find_differences,
    find_reasons_for_stale,
    find_schema_file,
    read_schema_file,
    save_schema_file,
    schema_file_of,
)
from interlock.release.logbook import Logbook, counted
from interlock.release.models import loading_findings, misfit_findings, not_covered, unknown_models
from interlock.release.scratch_build import ScratchBuild, open_scratch_build
from interlock.schema.file import SchemaFile
from interlock.schema.history import History
from interlock.verdict.finding import Check, Finding, Signal

SHOWN = 20
"""How many differences between chain and file are named."""

WRITE = "write it anew and commit it: interlock schema write"


class NoPlaceForSchemaFile(InterlockError):
    """The settings say that there is to be no schema file."""

    def __init__(self) -> None:
        super().__init__(
            problem="the settings say that this project has no schema file: [project] schema_file = false",
            remedy="take that setting away, or name the file in it",
        )


class NotOurs(InterlockError):
    """Where the schema file would be is a file of somebody else."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            problem=f"{path} is there already, and is no schema file of Interlock",
            remedy='name another one: [project] schema_file = "..."',
        )


def write_schema_file(
    project: Project, scratch_server: DatabaseUrl | None, spelt_as: DatabaseUrl | None = None
) -> tuple[Path, SchemaFile]:
    """Build the chain on a scratch database, and write what it declares at its head. A whole file, or none.

    env.py is told of that database by the driver that `spelt_as` names.
    """
    path = project.schema_file
    if path is None:
        raise NoPlaceForSchemaFile
    if path.exists() and not project.is_schema_file_named and find_schema_file(project) is None:
        raise NotOurs(path)
    with open_scratch_build(project, scratch_server, spelt_as) as build:
        _ = build.chain.head
        history = build.replay([], lambda _revision: None)
        file = schema_file_of(build, history)
    save_schema_file(path, file)
    return path, file


class SchemaCheck:
    """The stages of the check, and what they hand to each other. `resources` closes what they open."""

    build: ScratchBuild
    history: History

    def __init__(
        self,
        project: Project,
        scratch_server: DatabaseUrl | None,
        spelt_as: DatabaseUrl | None,
        book: Logbook,
        resources: ExitStack,
    ) -> None:
        self.project, self.scratch_server, self.spelt_as = project, scratch_server, spelt_as
        self.book, self.resources = book, resources

    def read_project(self) -> None:
        """Read the chain and run env.py, on a scratch database."""
        with self.book.stage(Check.PROJECT) as stage:
            self.build = self.resources.enter_context(
                open_scratch_build(self.project, self.scratch_server, self.spelt_as)
            )
            if self.build.baseline:
                self.book.admit(told_of(self.project, self.build.baseline))
            stage.summary = counted(len(self.build.chain.revisions), "revision")

    def build_chain(self) -> None:
        """Build the chain from empty, all of it, and look at its shape."""
        with self.book.stage(Check.CHAIN) as stage:
            chain = self.build.chain
            stage.find(*_shape(chain))
            try:
                self.history = self.build.replay([], lambda step: self.book.progress.tells(f"building {step.id}"))
            except InterlockError as error:
                too_long = tuple(self._too_long())
                if not too_long:
                    raise
                # That is the reason for it, of which the server's own words say nothing.
                stage.find(*too_long, Finding(Check.CHAIN, Signal.STOP, error.problem, error.remedy))
                return
            stage.find(*self._too_long())
            baseline = self.build.baseline
            start = f"{self.project.baseline.name} at {baseline.head}" if baseline else "empty"
            stage.summary = f"{counted(len(chain.revisions), 'revision')} from {start}, head {', '.join(chain.heads)}"

    def compare_file(self) -> None:
        """Compare the schema file with what the chain makes."""
        with self.book.stage(Check.SCHEMA_FILE, is_gate=False) as stage:
            path = find_schema_file(self.project)
            if path is None:
                place = self.project.schema_file.name if self.project.schema_file else "schema file"
                told = f"there is no {place}"
                stage.find(Finding(Check.SCHEMA_FILE, Signal.STOP, told, WRITE))
                return
            file = read_schema_file(path)
            built = schema_file_of(self.build, self.history)
            stage.find(*_differences(path.name, built, file))
            stage.find(*_stale(path.name, built, file, self.build.chain))
            stage.summary = stage.summary or f"{path.name} at {file.head}: {counted(len(file.snapshot), 'object')}"

    def check_models(self) -> None:
        """Find what the mapped classes need and the chain does not make."""
        if not self.project.has_models:
            self.book.admit("mapped classes: the settings say that this project has none")
            return
        with self.book.stage(Check.MODELS, is_gate=False) as stage:
            loaded = self.build.load_models(lambda module: self.book.progress.tells(f"importing {module}"))
            stage.find(*loading_findings(Check.MODELS, loaded))
            models = loaded.models
            if models is None or not models.selects:
                stage.find(unknown_models(models))
                return
            self.book.note(mapped_classes=len(models.selects))
            for told in not_covered(loaded):
                self.book.admit(told)
            misfits = self.build.find_misfits(models)
            stage.find(*misfit_findings(Check.MODELS, f"models against chain at {self.build.chain.end}", misfits))
            stage.summary = f"{counted(len(models.selects), 'class', 'classes')} selected on the scratch database"

    def _too_long(self) -> Iterator[Finding]:
        room = self.build.room_for_revisions()
        for revision in self.build.chain.revisions:
            if room is not None and len(revision.id) > room:
                told = f"the revision id {revision.id} has {len(revision.id)} characters, and its column has room for"
                remedy = f"shorten it, or widen {self.build.environment.version_table}.version_num in env.py or before"
                yield Finding(Check.CHAIN, Signal.STOP, f"{told} {room}", remedy)


def _shape(chain: Chain) -> Iterator[Finding]:
    problems: list[InterlockError] = []
    try:
        _ = chain.head
    except (SeveralHeads, BranchesStayApart) as several:
        problems.append(several)
    if len(bases := bases_of(chain)) > 1:
        problems.append(SeveralBases(bases))
    for error in problems:
        yield Finding(Check.CHAIN, Signal.STOP, error.problem, error.remedy)


def _differences(name: str, built: SchemaFile, file: SchemaFile) -> Iterator[Finding]:
    changes = find_differences(built, file)
    if not changes:
        return
    ours, theirs = built.snapshot.major, file.snapshot.major
    remedy = WRITE
    if ours != theirs:
        remedy += f"; PostgreSQL {theirs} printed it, and this scratch server is {ours}: some texts they print apart"
    many = counted(len(changes), "difference")
    yield Finding(Check.SCHEMA_FILE, Signal.STOP, f"{name} is not what the chain makes: {many}", remedy)
    for change in changes[:SHOWN]:
        maker = built.makers.get(change.name)
        blamed = f" (revision {maker} makes it)" if maker else ""
        yield Finding(Check.SCHEMA_FILE, Signal.STOP, f"in {name}: {change}{blamed}")
    if len(changes) > SHOWN:
        yield Finding(Check.SCHEMA_FILE, Signal.STOP, f"in {name}: {len(changes) - SHOWN} more")


def _stale(name: str, built: SchemaFile, file: SchemaFile, chain: Chain) -> Iterator[Finding]:
    for reason in find_reasons_for_stale(file, chain, built.scripts):
        yield Finding(Check.SCHEMA_FILE, Signal.STOP, f"{name} is stale: {reason}", WRITE)
    # Another major has other prints; with one too many, something else could pass for what is declared.
    if built.snapshot.major == file.snapshot.major and built.forms != file.forms:
        yield Finding(
            Check.SCHEMA_FILE, Signal.STOP, f"{name} has other prints of objects than the server makes", WRITE
        )
    ours, theirs = ((each.version_table_schema, each.version_table) for each in (built, file))
    if ours != theirs:
        told = f"{name} has another version table ({theirs[1]}) than env.py ({ours[1]})"
        yield Finding(Check.SCHEMA_FILE, Signal.STOP, told, WRITE)
