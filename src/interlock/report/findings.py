"""Which findings are listed on their own, and which are told by the drift they are about."""

from interlock.release.record import ReleaseRecord, Verification
from interlock.verdict.finding import Check, Finding


def own_findings(record: ReleaseRecord) -> tuple[Finding, ...]:
    """The findings, worst first, without those that say what a line of the drift says already.

    A database that is not what it claims has hundreds of such lines; what they mean is a finding of its own.
    """
    told = {Check.VERIFY_BEFORE: _lines(record.before), Check.VERIFY_AFTER: _lines(record.after)}
    return tuple(
        finding
        for finding in record.verdict.worst_first
        if finding.remedy or not finding.message.startswith(told.get(finding.check, ()))
    )


def count_told_by_drift(record: ReleaseRecord) -> int:
    """How many findings stand in the drift only."""
    return len(record.verdict.findings) - len(own_findings(record))


def _lines(verification: Verification | None) -> tuple[str, ...]:
    return tuple(str(blamed.change) for blamed in verification.drift) if verification else ()
