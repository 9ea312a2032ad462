"""Ask the application: before the release for the report, after it for the verdict."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

from interlock.errors import InterlockError
from interlock.postgres.url import DatabaseUrl
from interlock.postgres.visitors import Visitors, watch_visitors
from interlock.probes.findings import findings
from interlock.probes.openapi import Declared, probes_of
from interlock.probes.probe import Asked, Proof, Unprobed
from interlock.probes.summary import count_proofs, summarise
from interlock.release.logbook import Logbook, StageNotes, counted
from interlock.release.request import Application, Request
from interlock.verdict.finding import Check, Finding, Signal


def ask_before(book: Logbook, request: Request) -> None:
    """Ask the application as it is. What it answers now is for the report, not for the verdict."""
    if request.application is None or request.is_schema_only:
        return
    with book.stage(Check.PROBE_BEFORE, is_gate=False) as stage:
        try:
            told = _ask(request.application)
        except InterlockError as error:  # the old release may well be down: that is why there is a new one
            stage.summary, stage.looks = error.problem, Signal.CAUTION
            return
        book.note(asked_before=told)
        stage.summary = summarise(told)
        if count_proofs(told)[Proof.FAILED]:
            stage.looks = Signal.CAUTION


def ask_after(
    book: Logbook, application: Application | None, *, is_schema_only: bool, released: DatabaseUrl | None = None
) -> None:
    """Ask the application after the release: what it answers decides, if it uses the database that was released."""
    if is_schema_only:
        book.admit("no endpoint was asked: --schema-only")
        return
    with book.stage(Check.PROBE_AFTER, is_gate=False) as stage:
        if application is None:
            stage.find(_NOBODY_ASKED)
            return
        if released is None:
            told = _ask(application)
        else:
            with watch_visitors(released) as visitors:
                told = _ask(application)
                if count_proofs(told)[Proof.PROVED]:
                    _look_who_came(book, stage, visitors)
        book.note(asked_after=told, expected_build=application.expected_build)
        for left_out in _by_reason(told.left_out):
            book.admit(left_out)
        stage.find(*findings(told, check=Check.PROBE_AFTER, expected_build=application.expected_build))
        stage.summary = summarise(told)


def _look_who_came(book: Logbook, stage: StageNotes, visitors: Visitors) -> None:
    has_come = visitors.has_come()
    if has_come is None:
        book.admit("whether the application uses this database: other releases have sessions on it too")
    elif not has_come:
        stage.find(_NOBODY_CAME)


def _ask(application: Application) -> Asked:
    # The HTTP client takes long to import, and most runs of the guard ask no endpoint.
    from interlock.probes.ask import ask
    from interlock.probes.document import fetch_document

    declared = Declared()
    if application.openapi:
        document = application.openapi
        if isinstance(document, str):
            document = fetch_document(application.base_url, document, timeout_seconds=application.timeout_seconds)
        names = [identity.name for identity in application.identities]
        declared = probes_of(document, names, exclude=application.excluded, protected=application.protected)
    # What the operator describes himself counts more than what the document says of it.
    named = {probe.name for probe in application.probes}
    asked = ask(
        application.base_url,
        (*application.probes, *(probe for probe in declared.probes if probe.name not in named)),
        application.identities,
        details=[detail for detail in declared.details if detail.probe.name not in named],
        timeout_seconds=application.timeout_seconds,
        build=application.build,
    )
    return replace(asked, left_out=(*declared.unprobed, *asked.left_out))


def _by_reason(unprobed: Iterable[Unprobed]) -> Iterator[str]:
    """One line for each reason, with the operations that were left out for it."""
    in_order = sorted(unprobed, key=attrgetter("reason"))
    for reason, group in groupby(in_order, key=attrgetter("reason")):
        operations = [each.operation for each in group]
        yield f"{counted(len(operations), 'operation')} not asked ({reason}): {', '.join(operations)}"


_NOBODY_CAME = Finding(
    Check.PROBE_AFTER,
    Signal.CAUTION,
    "while the endpoints were asked nobody but this release had a session on the database that was released",
    "see which database the application uses: it answers from another one, from a replica, or from what it remembers",
)
_NOBODY_ASKED = Finding(
    Check.PROBE_AFTER,
    Signal.CAUTION,
    "no endpoint was asked, so it is unproved that the application works",
    "describe it in interlock.toml under [application], or say --schema-only",
)
