"""What a release can show for the schema, the models and the endpoints. It claims no more than the record holds."""

from collections.abc import Collection
from dataclasses import dataclass

from interlock.release.record import ReleaseRecord, Verification
from interlock.report.endpoints import pair_answers
from interlock.report.steps import is_begun
from interlock.report.wording import counted, revisions
from interlock.schema.drift import Unexpected
from interlock.verdict.finding import Check, Signal


@dataclass(frozen=True, slots=True)
class Evidence:
    """One subject, and a clause on it. `signal` is None where it was not looked into."""

    subject: str
    signal: Signal | None
    clause: str

    @property
    def is_proof(self) -> bool:
        return self.signal is Signal.CLEAR


def evidence(record: ReleaseRecord) -> tuple[Evidence, ...]:
    """What holds at the end of a release: an observation from before the revisions ran is worth nothing."""
    return (_schema(record), _models(record), _endpoints(record))


def newest_verification(record: ReleaseRecord) -> Verification | None:
    """The comparison that still holds at the end."""
    return record.after or (None if is_begun(record) else record.before)


def _schema(record: ReleaseRecord) -> Evidence:
    verification = newest_verification(record)
    if verification is None or not verification.compared_objects:
        return Evidence("Schema", None, "the live schema was not compared")
    where = f"at {revisions(verification.claimed)}"
    compared = counted(verification.compared_objects, "object")
    check = Check.VERIFY_AFTER if record.after else Check.VERIFY_BEFORE
    worst = max(_worst_of(record, check), *(blamed.signal for blamed in verification.drift), Signal.CLEAR)
    if not verification.drift:
        return Evidence("Schema", worst, f"the live schema is what the chain defines {where} ({compared})")
    departures = [blamed for blamed in verification.drift if not isinstance(blamed.change, Unexpected)]
    if departures:
        verb = "is" if len(departures) == 1 else "are"
        number = counted(len(departures), "object")
        return Evidence("Schema", worst or Signal.CAUTION, f"{number} {verb} Missing or Altered {where}")
    return Evidence("Schema", worst, f"the live schema holds all that the chain defines {where} ({compared})")


def _models(record: ReleaseRecord) -> Evidence:
    worst = _worst_of(record, Check.MODELS)
    if worst is not Signal.CLEAR:
        return Evidence("Models", worst, "not every mapped class is proved: see the findings")
    if not record.mapped_classes or Check.MODELS not in {stage.check for stage in record.timeline}:
        return Evidence("Models", None, "no mapped class was selected")
    number = counted(record.mapped_classes, "mapped class", "mapped classes")
    return Evidence("Models", Signal.CLEAR, f"{'all ' if record.mapped_classes > 1 else ''}{number} can be selected")


def _worst_of(record: ReleaseRecord, check: Check) -> Signal:
    told = (finding.signal for finding in record.verdict.findings if finding.check is check)
    return max(told, default=Signal.CLEAR)


def _endpoints(record: ReleaseRecord) -> Evidence:
    proofs: dict[str, set[str]] = {}
    for pair in pair_answers(record):
        proofs.setdefault(pair.probe, set()).add(pair.proof)
    if not proofs:
        return Evidence("Endpoints", None, "no endpoint was asked")
    working = sum("proved" in told and not told & {"failed", "unproved"} for told in proofs.values())
    if working == len(proofs):
        return Evidence("Endpoints", Signal.CLEAR, _all_work(working, is_partial=_left_some_out(record, proofs)))
    has_failed = any("failed" in told for told in proofs.values())
    clause = f"{working} of {counted(len(proofs), 'endpoint')} {'is' if len(proofs) == 1 else 'are'} proved to work"
    return Evidence("Endpoints", Signal.STOP if has_failed else Signal.CAUTION, clause)


def _all_work(number: int, *, is_partial: bool) -> str:
    those = counted(number, "endpoint")
    if number == 1:
        return f"the {those} that was asked works" if is_partial else f"{those} works"
    return f"all {those} that were asked work" if is_partial else f"all {those} work"


def _left_some_out(record: ReleaseRecord, asked: Collection[str]) -> bool:
    """Whether there are pages that nobody was asked for. What changes something is never asked, and no page."""
    newest = record.asked_after or record.asked_before
    left_out = newest.left_out if newest else ()
    return any(each.operation.startswith("GET ") and each.operation not in asked for each in left_out)
