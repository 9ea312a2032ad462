"""Which stages run, in which order, and what must have reported before anything is called CLEAR."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from interlock.chain.project import Project
from interlock.postgres.url import DatabaseUrl
from interlock.release.declared import find_schema_file
from interlock.release.logbook import Logbook, Outcome, Progress, Stopped
from interlock.release.probe import ask_after, ask_before
from interlock.release.record import ReleaseRecord
from interlock.release.request import Application, Request
from interlock.release.run import Run
from interlock.release.run_by_file import RunByFile
from interlock.release.run_on_target import RunOnTarget
from interlock.release.schema_check import SchemaCheck
from interlock.verdict.finding import Check

_Run = TypeVar("_Run", bound=Run)

_BEFORE_THE_GATE = (
    Check.CONNECT,
    Check.PROJECT,
    Check.LOCK,
    Check.PLAN,
    Check.VERIFY_BEFORE,
    Check.DATA_LOSS,
    Check.REHEARSE,
)


def release(
    request: Request,
    blank: ReleaseRecord,
    progress: Progress,
    *,
    arrive: Callable[[], None] | None = None,
    deploy: Callable[[], None] | None = None,
) -> Outcome:
    """Plan, verify, back up where the settings say so, apply, verify again, probe, judge.

    `arrive` returns when the application, which may be starting, can be asked for the first time. `deploy` runs
    between the new schema and the last probes: whatever puts the new application into place.
    """

    def stages(run: RunOnTarget) -> None:
        run.start_process()
        run.connect(is_write=True)
        run.read_project()
        run.lock()
        run.make_plan()
        run.verify_before()
        run.find_data_loss()
        run.rehearse()
        if arrive:
            arrive()
        ask_before(run.book, request)
        run.back_up()
        run.apply()
        run.verify_after()
        run.check_models()
        run.check_rows()
        if deploy:
            run.deploy(deploy)
        ask_after(run.book, request.application, is_schema_only=request.is_schema_only, released=request.url)

    backup = (Check.BACKUP,) if request.backup else ()
    required = (*_BEFORE_THE_GATE, *backup, Check.APPLY, *_proofs(request), *_endpoints(request))
    return _run(RunOnTarget, request, blank, progress, stages, required)


def plan(request: Request, blank: ReleaseRecord, progress: Progress) -> Outcome:
    """Say what a release would do, and whether the database is what it claims. Touches nothing."""

    def stages(run: RunOnTarget) -> None:
        run.connect(is_planned=True)
        run.read_project()
        run.make_plan()
        run.verify_before()
        run.find_data_loss()
        run.rehearse()

    return _run(
        RunOnTarget, request, blank, progress, stages, [check for check in _BEFORE_THE_GATE if check is not Check.LOCK]
    )


def verify(request: Request, blank: ReleaseRecord, progress: Progress) -> Outcome:
    """Say whether the live schema is that of the chain's head, and fits the mapped classes. Touches nothing."""

    def stages(run: Run) -> None:
        run.connect()
        run.read_project()
        run.make_plan()
        run.verify_after()
        run.check_models()
        run.check_rows()

    required = (Check.CONNECT, Check.PROJECT, Check.PLAN, *_proofs(request))
    if file := find_schema_file(request.project):
        return _verify_by_file(request, file, blank, progress)
    return _run(Run, request, blank, progress, stages, required)


def _verify_by_file(request: Request, file: Path, blank: ReleaseRecord, progress: Progress) -> Outcome:
    """The same without a scratch server: the schema file says what the chain declares."""

    def stages(book: Logbook, resources: ExitStack) -> None:
        run = RunByFile(request, file, book, resources)
        run.connect()
        run.read_project()
        run.read_file()
        run.make_plan()
        run.verify_after()
        run.check_models()
        run.check_rows()

    required = (Check.CONNECT, Check.PROJECT, Check.SCHEMA_FILE, Check.PLAN, *_proofs(request))
    return _recorded(blank, progress, stages, required)


def check_schema_file(
    project: Project,
    scratch_server: DatabaseUrl | None,
    spelt_as: DatabaseUrl | None,
    blank: ReleaseRecord,
    progress: Progress,
) -> Outcome:
    """Say whether chain, schema file and mapped classes agree, on a scratch database alone: no target is needed.

    Where there is one, env.py is told of the scratch database by the driver that it names.
    """

    def stages(book: Logbook, resources: ExitStack) -> None:
        run = SchemaCheck(project, scratch_server, spelt_as, book, resources)
        run.read_project()
        run.build_chain()
        run.compare_file()
        run.check_models()

    models = (Check.MODELS,) if project.has_models else ()
    return _recorded(blank, progress, stages, (Check.PROJECT, Check.CHAIN, Check.SCHEMA_FILE, *models))


def probe(application: Application, blank: ReleaseRecord, progress: Progress) -> Outcome:
    """Ask the application's endpoints as everybody who has something to expect of them."""
    book = Logbook(blank, progress)
    ask_after(book, application, is_schema_only=False)
    return book.close([Check.PROBE_AFTER])


def _proofs(request: Request) -> tuple[Check, ...]:
    models = (Check.MODELS, Check.ROWS) if request.project.has_models else ()
    return (Check.VERIFY_AFTER, *models)


def _endpoints(request: Request) -> tuple[Check, ...]:
    return () if request.is_schema_only else (Check.PROBE_AFTER,)


def _run(
    kind: type[_Run],
    request: Request,
    blank: ReleaseRecord,
    progress: Progress,
    stages: Callable[[_Run], None],
    required: Iterable[Check],
) -> Outcome:
    return _recorded(blank, progress, lambda book, resources: stages(kind(request, book, resources)), required)


def _recorded(
    blank: ReleaseRecord,
    progress: Progress,
    work: Callable[[Logbook, ExitStack], None],
    required: Iterable[Check],
) -> Outcome:
    book = Logbook(blank, progress)
    is_interrupted = False
    try:
        with ExitStack() as resources:
            work(book, resources)
    except Stopped:
        pass
    except KeyboardInterrupt:
        is_interrupted = True
    return replace(book.close(required), is_interrupted=is_interrupted)
