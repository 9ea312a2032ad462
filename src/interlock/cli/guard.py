"""Run one of the guard's pipelines for a command."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from interlock.cli.present import Silence, progress_here, report_folder, show_outcome
from interlock.cli.request import blank_record, read_application, read_project, read_request, spelt_as
from interlock.errors import ExitCode, InterlockError, InvalidSetting
from interlock.release import pipeline
from interlock.release.logbook import Outcome, Progress
from interlock.release.record import ReleaseRecord
from interlock.release.request import Request
from interlock.settings import Settings, read_settings

Pipeline = Callable[[Request, ReleaseRecord, Progress], Outcome]


def run(
    stages: Pipeline,
    folder: Path,
    *,
    report: Path | None,
    is_json: bool,
    is_recorded: bool = False,
    **options: Any,
) -> ExitCode:
    """Read the settings, run the pipeline, show what came of it, and put it on record where that is wanted."""
    folder = folder.absolute()
    settings, request = read_request(folder, report_folder=report, **options)
    keep = _record_keeper(settings, is_recorded=is_recorded)
    blank = blank_record(stages.__name__, request.project.label)
    progress: Progress = Silence() if is_json else progress_here()
    with report_folder(folder / settings.report_folder) as reports:
        outcome = stages(request, blank, progress)
        code = show_outcome(outcome, reports, is_json=is_json)
        keep(reports, outcome)
        return code


def run_schema_check(folder: Path, *, report: Path | None, is_json: bool, **options: Any) -> ExitCode:
    """Ask whether chain, schema file and mapped classes agree; no target is needed for that."""
    folder = folder.absolute()
    settings, project, scratch_server = read_project(folder, report_folder=report, **options)
    progress: Progress = Silence() if is_json else progress_here()
    with report_folder(folder / settings.report_folder) as reports:
        blank = blank_record("schema check", project.label)
        outcome = pipeline.check_schema_file(project, scratch_server, spelt_as(settings), blank, progress)
        return show_outcome(outcome, reports, is_json=is_json)


def run_probe(folder: Path, *, report: Path | None, is_json: bool, is_recorded: bool = False) -> ExitCode:
    """Ask the application that the settings describe; no database is needed for that."""
    folder = folder.absolute()
    settings = read_settings(folder, {"report_folder": report})
    application = read_application(settings, folder)
    if application is None:
        raise InvalidSetting(
            "no application is described, so there is nothing to probe",
            'describe it in interlock.toml: [application] url = "http://127.0.0.1:8000"',
        )
    keep = _record_keeper(settings, is_recorded=is_recorded)
    progress: Progress = Silence() if is_json else progress_here()
    with report_folder(folder / settings.report_folder) as reports:
        outcome = pipeline.probe(application, blank_record("probe", application.base_url), progress)
        code = show_outcome(outcome, reports, is_json=is_json)
        keep(reports, outcome)
        return code


def _record_keeper(settings: Settings, *, is_recorded: bool) -> Callable[[Path, Outcome], None]:
    """What puts the reports of a folder on record, if that is wanted. What it lacks is said before anything runs."""
    if not is_recorded:
        return lambda *_: None
    from interlock.cli.recording import NotRecorded, registrar

    keeper = registrar(settings)

    def keep(reports: Path, outcome: Outcome) -> None:
        try:
            if outcome.is_interrupted:
                # Whoever interrupts it waits for its end, and no longer for another machine.
                raise NotRecorded("it was interrupted", reports)
            keeper.record(reports)
        except InterlockError as error:
            # The release is over, whatever becomes of its record: the exit code stays that of the verdict.
            typer.echo(f"record   {error.problem}\nnext     {error.remedy}", err=True)
        else:
            typer.echo(f"record   {keeper.url}", err=True)

    return keep
