"""The verdict in a sentence or two: what was proved, and what became of the database."""

from interlock.release.record import ReleaseRecord
from interlock.report.evidence import evidence
from interlock.report.steps import outcome
from interlock.report.wording import counted, listed
from interlock.verdict.finding import Check, Signal


def headline(record: ReleaseRecord) -> str:
    """What the verdict means here."""
    match record.verdict.signal:
        case Signal.CLEAR:
            return f"{_proof(record)} {_outcome(record)}"
        case Signal.CAUTION:
            wanting = len(_checks_that_say(record, Signal.CAUTION))
            need = f"{counted(wanting, 'finding')} {'needs' if wanting == 1 else 'need'} a person"
            return f"Not everything is proved: {need}. {_proof(record)} {_outcome(record)}"
        case Signal.STOP:
            failed = dict.fromkeys(_checks_that_say(record, Signal.STOP))
            return f"Failed at {listed(failed)}. {_outcome(record)}"


def _outcome(record: ReleaseRecord) -> str:
    return "No database was asked." if record.command == "schema check" else outcome(record)


def _proof(record: ReleaseRecord) -> str:
    if record.command == "schema check":
        return _agreement(record)
    clauses = [part.clause for part in evidence(record) if part.is_proof]
    if clauses:
        return f"Proved: {listed(clauses)}."
    if record.timeline:
        return "What was checked proves no schema, no model and no endpoint."
    return "No check reported, so nothing is proved."


def _agreement(record: ReleaseRecord) -> str:
    settled = {stage.check for stage in record.timeline if stage.signal is Signal.CLEAR}
    clauses = (
        "the chain builds" if Check.CHAIN in settled else "",
        "the schema file is what it makes" if Check.SCHEMA_FILE in settled else "",
        "every mapped class fits it" if Check.MODELS in settled else "",
    )
    return f"Proved: {listed(filter(None, clauses))}." if any(clauses) else "Nothing is proved."


def _checks_that_say(record: ReleaseRecord, signal: Signal) -> tuple[Check, ...]:
    return tuple(finding.check for finding in record.verdict.findings if finding.signal is signal)
