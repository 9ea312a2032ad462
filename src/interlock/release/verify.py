"""Does the live schema hold what the chain declares?"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from interlock.chain.revisions import Chain
from interlock.errors import InterlockError
from interlock.release.record import Blamed, Verification
from interlock.schema.cut_off import way_out
from interlock.schema.drift import Altered, Change, Severity, Unexpected, find_drift, severity
from interlock.schema.history import History
from interlock.schema.name import Kind, Name
from interlock.schema.rules import Rules, Treatment
from interlock.schema.snapshot import Snapshot
from interlock.verdict.finding import Check, Finding, Signal


class NoVersionRow(InterlockError):
    """The database has tables, and no revision."""

    def __init__(self, objects: int, located: Sequence[str]) -> None:
        if located:
            told = f"; its schema is that of revision {' or '.join(located)}"
            remedy = "let Interlock write that revision: interlock restamp"
        else:
            told = ""
            remedy = "check that DATABASE_URL is this project's database; a new project wants an empty one"
        super().__init__(
            problem=f"the database claims no revision, but it is not empty ({objects} objects){told}",
            remedy=remedy,
        )


class ClaimsAnotherRevision(InterlockError):
    """The live schema is exactly that of another revision than the database claims: the false green itself."""

    def __init__(self, verification: Verification) -> None:
        claimed, really = ", ".join(verification.claimed), " or ".join(verification.located)
        # What people look for first: the tables and columns.
        telling = sorted(verification.drift, key=lambda each: each.change.name.kind not in {Kind.TABLE, Kind.COLUMN})
        shown = [f"{each.change} ({each.maker})" if each.maker else str(each.change) for each in telling]
        more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
        super().__init__(
            problem=f"the database claims {claimed}, but its schema is that of {really}: "
            f"{'; '.join(shown[:SHOWN])}{more}",
            remedy="interlock restamp writes that revision into alembic_version; then release again",
        )


SHOWN = 3
"""How many differences an error names; the report has them all."""


def verify(chain: Chain, history: History, claimed: tuple[str, ...], observed: Snapshot, rules: Rules) -> Verification:
    """Compare a live schema with what the chain declares at the revisions that the database claims."""
    run = chain.run_before(claimed)
    declared = history.after(run)
    drift = find_drift(declared, observed)
    match = history.locate(observed) if drift else None
    to_come = history.still_to_come(run).names
    return Verification(
        claimed=claimed,
        drift=tuple(
            Blamed(change, history.maker_of(change, run), signal_of(change, to_come, rules)) for change in drift
        ),
        compared_objects=len(declared),
        located=tuple(moment.revision or "base" for moment in match.moments) if match else (),
        is_located=bool(match and match.is_exact),
    )


def require_true_claim(verification: Verification, observed: Snapshot) -> None:
    """Raise NoVersionRow or ClaimsAnotherRevision where the claim itself is what is wrong, and not the schema."""
    if not verification.drift:
        return
    if not verification.claimed and not observed.is_empty:
        raise NoVersionRow(len(observed), verification.located if verification.is_located else ())
    if verification.is_located:
        raise ClaimsAnotherRevision(verification)


def drift_findings(check: Check, verification: Verification) -> Iterator[Finding]:
    """Turn drift into findings: what it means first, then each difference."""
    if not verification.drift:
        return
    if not verification.is_located and any(blamed.signal is Signal.STOP for blamed in verification.drift):
        yield _what_it_really_is(check, verification)
    for blamed in verification.drift:
        maker = f" (revision {blamed.maker} makes it)" if blamed.maker else ""
        yield Finding(check, blamed.signal, f"{blamed.change}{maker}", way_out(blamed.change))


def _what_it_really_is(check: Check, verification: Verification) -> Finding:
    claimed, really = ", ".join(verification.claimed) or "no revision", " or ".join(verification.located)
    if set(verification.claimed) & set(verification.located):
        told = f"the database claims {claimed}, and its schema differs from it"
        remedy = "interlock repair brings back what is listed; or restore the database; then release again"
    else:
        told = f"the database claims {claimed}, but its schema is that of no revision; nearest is {really}"
        remedy = f"put right what keeps it from being {really}, then interlock restamp, then release again"
    return Finding(check, Signal.STOP, told, remedy)


def unseen_findings(check: Check, observed: Snapshot) -> Iterator[Finding]:
    """Turn what could not be looked at into findings."""
    for text in observed.unread:
        remedy = "let the role read the catalog, as every role may where nobody took it away, or use another one"
        yield Finding(check, Signal.CAUTION, f"not everything can be seen: {text}", remedy)
    for text in observed.unmodelled:
        yield Finding(check, Signal.CAUTION, f"of a kind that is not compared: {text}", "compare it by hand")


def unpopulated_findings(check: Check, views: Iterable[str]) -> Iterator[Finding]:
    """Turn materialized views that hold nothing into findings. No catalog says whether anybody asks them."""
    for view in views:
        told = f"materialized view {view} holds nothing, and refuses every query"
        yield Finding(check, Signal.CAUTION, told, f"refresh materialized view {view}")


def signal_of(change: Change, to_come: Collection[Name], rules: Rules) -> Signal:
    """How bad a difference is: as it looks, unless the settings say otherwise. `to_come` is still to be made."""
    match rules.treatment_of(change.name):
        case Treatment.CAUTION:
            return Signal.CAUTION
        case Treatment.STOP:
            return Signal.STOP
    # What a later revision wants to make must not be there yet: it would fail with "already exists".
    collides = isinstance(change, Unexpected) and change.name in to_come
    # Who owns an object no chain says by itself; and the rest of it is as declared.
    is_owner_only = isinstance(change, Altered) and change.differences.keys() == {"owner"}
    is_bad = severity(change) is not Severity.COSMETIC and not is_owner_only
    return Signal.STOP if collides or is_bad else Signal.CAUTION
