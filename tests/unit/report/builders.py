"""Release records to report on. A builder fills in what a test is not about."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from interlock.hazards.hazard import Acceptance, Harm, Hazard
from interlock.hazards.lock import LockMode, TableLock
from interlock.hazards.statement import Holder, Made, Statement, Weight
from interlock.probes.probe import Answer, Asked, Proof
from interlock.release.record import (
    AppliedStep,
    Backup,
    Blamed,
    Plan,
    ReleaseRecord,
    Stage,
    Step,
    TableRows,
    Target,
    Verification,
)
from interlock.schema.drift import Altered, Missing, Unexpected
from interlock.schema.items import Column, Constraint, Enum, Index, Table
from interlock.schema.name import Kind, Name
from interlock.verdict.finding import Check, Finding, Signal
from interlock.verdict.judge import Verdict

CLEAR, CAUTION, STOP = Signal


def a_record(**parts: Any) -> ReleaseRecord:
    """A CLEAR release of a database where nothing was pending."""
    return ReleaseRecord(
        **{
            "id": "01K1Q7Z3-4f2a",
            "command": "release",
            "project": "shop",
            "tool_version": "0.1.0",
            "began": datetime(2026, 8, 1, 9, 14, 3, tzinfo=UTC),
            "seconds": 1.26,
            "verdict": Verdict(),
            "timeline": a_timeline(
                (Check.CONNECT, 0.041, "PostgreSQL 16.4, as shop_release"),
                (Check.LOCK, 0.002, "free"),
                (Check.PLAN, 0.12, "at 0006, nothing pending"),
                (Check.VERIFY_BEFORE, 0.31, "142 objects compared"),
                (Check.PROBE_BEFORE, 0.24, "4 answers"),
                (Check.APPLY, 0.0, "nothing to apply"),
                (Check.VERIFY_AFTER, 0.28, "142 objects compared"),
                (Check.MODELS, 0.05, "12 mapped classes selected"),
                (Check.PROBE_AFTER, 0.21, "4 answers"),
            ),
            "target": a_target(),
            "plan": Plan(("0006",), "0006", ()),
            "before": a_verification(),
            "after": a_verification(),
            "mapped_classes": 12,
            "asked_before": asked((200, 200, 401)),
            "asked_after": asked((200, 200, 401)),
            **parts,
        }
    )


def a_target(**parts: Any) -> Target:
    return Target(
        **{
            "host": "db.example.org",
            "port": 5432,
            "database": "shop",
            "role": "shop_release",
            "server_version": "16.4",
            "system_identifier": "7391823912391823004",
            **parts,
        }
    )


def a_verification(**parts: Any) -> Verification:
    return Verification(**{"claimed": ("0006",), "drift": (), "compared_objects": 142, **parts})


def a_timeline(*stages: tuple[Any, ...]) -> tuple[Stage, ...]:
    """Stages one after the other: check, seconds, summary, and the signal where it is not CLEAR."""
    timeline, began = [], 0.0
    for check, seconds, summary, *signal in stages:
        timeline.append(Stage(check, round(began, 3), seconds, *(signal or [CLEAR]), summary))
        began += seconds
    return tuple(timeline)


def a_step(revision: str = "0006", message: str = "create analytics modules") -> Step:
    return Step(revision, message, f"migrations/versions/{revision}_{message.replace(' ', '_')}.py")


def an_answer(probe: str, identity: str, status: int | None) -> Answer:
    """What an identity was told, with the proof that such a status usually is."""
    seconds = 0.012 if status else 5.0
    match identity, status:
        case "anonymous", 401 | 403:
            return Answer(probe, identity, status, Proof.LOCKED, "turned away, as declared", seconds)
        case _, 200:
            return Answer(probe, identity, status, Proof.PROVED, "as declared", seconds)
        case _, 0:
            return Answer(probe, identity, None, Proof.UNPROVED, f"nobody could be logged in as {identity}")
        case _, None:
            return Answer(probe, identity, None, Proof.FAILED, "no answer within 5 s", seconds)
        case _:
            return Answer(probe, identity, status, Proof.FAILED, f"{status}, expected 200", seconds)


def asked(*rows: tuple[int | None, ...], build: str | None = None) -> Asked:
    """A round of asking three endpoints, one row each, as an admin, a member and nobody."""
    paths = ("/api/admin/modules", "/api/admin/organisations", "/api/dashboard/statistics")
    answers = (
        an_answer(f"GET {path}", identity, status)
        for path, row in zip(paths, rows, strict=False)
        for identity, status in zip(("admin", "member", "anonymous"), row, strict=True)
    )
    return Asked(tuple(answers), build)


def a_table(table: str, schema: str = "public") -> Table:
    return Table(Name(Kind.TABLE, schema, table))


def a_column(column: str, table: str = "organisations", type: str = "text", **parts: Any) -> Column:  # noqa: A002
    return Column(Name(Kind.COLUMN, "public", table, column), type, **{"nullable": False, **parts})


def an_index(index: str, table: str, definition: str) -> Index:
    return Index(Name(Kind.INDEX, "public", table, index), definition)


def missing(item: Any, maker: str | None = "0006", signal: Signal = STOP) -> Blamed:
    return Blamed(Missing(item.name, item), maker, signal)


def unexpected(item: Any, signal: Signal = CLEAR) -> Blamed:
    return Blamed(Unexpected(item.name, item), None, signal)


def altered(declared: Any, observed: Any, maker: str | None = "0004", signal: Signal = STOP) -> Blamed:
    return Blamed(Altered(declared.name, declared, observed), maker, signal)


DRIFT = (
    altered(
        Enum(Name(Kind.ENUM, "public", "module_status"), ("ACTIVE", "RETIRED")),
        Enum(Name(Kind.ENUM, "public", "module_status"), ("active", "retired")),
        "0003",
    ),
    missing(a_table("analytics_modules")),
    altered(
        a_column("total", "invoices", "numeric(12,2)"),
        a_column("total", "invoices", "double precision", nullable=True, default="0"),
    ),
    missing(a_column("plan", default="'free'::text")),
    missing(
        Constraint(
            Name(Kind.FOREIGN_KEY, "public", "organisations", "organisations_owner_fkey"),
            "FOREIGN KEY (owner_id) REFERENCES public.users(id) ON DELETE RESTRICT",
        ),
        "0005",
    ),
    unexpected(
        an_index(
            "tmp_idx_orders_by_hand",
            "orders",
            "CREATE INDEX tmp_idx_orders_by_hand ON public.orders USING btree (created_at DESC)",
        )
    ),
)


def clear_with_nothing_to_do() -> ReleaseRecord:
    return a_record()


def clear_with_applied_steps() -> ReleaseRecord:
    steps = (a_step(), a_step("0007", "add plan to organisations"))
    return a_record(
        seconds=8.91,
        timeline=a_timeline(
            (Check.CONNECT, 0.041, "PostgreSQL 16.4, as shop_release"),
            (Check.LOCK, 1.702, "waited for another release to end"),
            (Check.PLAN, 0.12, "2 revisions pending after 0005"),
            (Check.VERIFY_BEFORE, 0.31, "131 objects compared"),
            (Check.PROBE_BEFORE, 0.64, "9 answers"),
            (Check.APPLY, 4.91, "2 of 2 revisions"),
            (Check.VERIFY_AFTER, 0.28, "142 objects compared"),
            (Check.MODELS, 0.05, "12 mapped classes selected"),
            (Check.PROBE_AFTER, 0.71, "9 answers"),
        ),
        plan=Plan(("0005",), "0007", steps),
        before=a_verification(claimed=("0005",), compared_objects=131),
        applied=(AppliedStep(steps[0], 1.214, True), AppliedStep(steps[1], 3.66, True)),
        after=a_verification(claimed=("0007",)),
        asked_before=asked((500, 500, 401), (500, 200, 401), (200, 200, 401), build="2026.07.30-a81c"),
        asked_after=asked((200, 200, 401), (200, 200, 401), (200, 200, 401), build="2026.08.01-3f2a"),
        expected_build="2026.08.01-3f2a",
        unproved=("requests that change something: only GET is asked",),
    )


def clear_with_a_backup() -> ReleaseRecord:
    step = a_step("0007", "drop invoices")
    file = "/var/backups/shop/shop-20260801T091403-4f2a81.dump"
    return a_record(
        seconds=5.2,
        timeline=a_timeline(
            (Check.PLAN, 0.12, "at 0006, 1 revision to run"),
            (
                Check.DATA_LOSS,
                0.02,
                "revision 0007 drops table public.invoices, and it holds 21450 rows (allowed)",
                CAUTION,
            ),
            (Check.BACKUP, 3.1, f"{file}: 21450 rows came back from it"),
            (Check.APPLY, 0.9, "1 revision run, now at 0007"),
        ),
        plan=Plan(("0006",), "0007", (step,)),
        backup=Backup(
            "dump",
            "/var/backups/shop",
            ("public.invoices", "public.invoice lines"),
            is_made=True,
            file=file,
            bytes=812_345,
            rows=(TableRows("public.invoice lines", 19_000), TableRows("public.invoices", 2_450)),
            restore=f"createdb -T template0 before && psql -d before -c 'drop schema public' && "
            f"pg_restore -d before --no-owner --no-privileges --section=pre-data --section=data {file}",
        ),
        applied=(AppliedStep(step, 0.8, True),),
        after=a_verification(claimed=("0007",)),
    )


def stop_over_the_budget() -> ReleaseRecord:
    """One statement would hold people out for too long, the revision answers for another, a third is short."""
    rewrite, index, drop = (
        Statement(
            "0007", "0007_totals.py", line, sql, locks=(TableLock(table, mode),), transaction=1, position=line, **parts
        )
        for line, sql, table, mode, parts in (
            (
                14,
                "ALTER TABLE orders ALTER COLUMN total TYPE numeric(20, 4)",
                "public.orders",
                LockMode.ACCESS_EXCLUSIVE,
                {"rewritten": ("public.orders",)},
            ),
            (
                15,
                "CREATE INDEX ix_lines_order ON lines (order_id)",
                "public.lines",
                LockMode.SHARE,
                {"scanned": ("public.lines",), "created": (Made("index", "public.ix_lines_order", "public.lines"),)},
            ),
            (
                16,
                "ALTER TABLE orders DROP COLUMN old",
                "public.orders",
                LockMode.ACCESS_EXCLUSIVE,
                {"dropped": (Made("column", "old", "public.orders"),)},
            ),
        )
    )
    comment = Acceptance(
        "index-blocks-writes", "public.lines", "built at night", "0007_totals.py:9", "0007_totals.py", date(2026, 9, 1)
    )
    over = {"harm": Harm.OVER_BUDGET, "basis": "at 200 MB/s read and 100 MB/s written"}
    hazards = (
        Hazard(
            "rewrite",
            rewrite,
            "public.orders",
            "writes all of public.orders anew under ACCESS EXCLUSIVE; readers and writers wait",
            "add a column of the new type beside it",
            lock=LockMode.ACCESS_EXCLUSIVE,
            seconds=51.2,
            **over,
        ),
        Hazard(
            "index-blocks-writes",
            index,
            "public.lines",
            "builds an index on public.lines under SHARE; writers wait",
            "build it concurrently",
            lock=LockMode.SHARE,
            seconds=4.0,
            accepted=comment,
            **over,
        ),
        Hazard(
            "drop",
            drop,
            "public.orders",
            "drops the column old, which code that runs now may use",
            "drop it in a later release",
            Harm.BREAKS,
        ),
    )
    job = Holder(4711, "etl", "nightly", LockMode.ACCESS_SHARE, timedelta(seconds=340))
    message = "0007_totals.py:14: writes all of public.orders anew, for about 51.2 s; the budget is 1.0 s"
    return a_record(
        command="plan",
        timeline=a_timeline(
            (Check.CONNECT, 0.041, "PostgreSQL 16.4, as shop_release"),
            (Check.PLAN, 0.12, "at 0006, 1 revision to run"),
            (Check.VERIFY_BEFORE, 0.31, "142 objects compared"),
            (Check.REHEARSE, 0.31, "3 statements on tables that are there; 1 over the budget, 1 accepted", STOP),
        ),
        verdict=Verdict((Finding(Check.REHEARSE, STOP, message, "add a column of the new type beside it"),)),
        plan=Plan(("0006",), "0007", (Step("0007", "Totals", "0007_totals.py"),)),
        statements=(rewrite, index, drop),
        weights=(
            Weight("public.lines", 210_000_000, 4_000_000, 0, 0.0, 0.0),
            Weight("public.orders", 4_200_000_000, 12_000_000, 900_000_000, 41.0, 900.0, (job,)),
        ),
        hazards=hazards,
        after=None,
        asked_before=None,
        asked_after=None,
        mapped_classes=None,
    )


def stop_at_verify_before() -> ReleaseRecord:
    return a_record(
        verdict=Verdict(
            (
                Finding(
                    Check.VERIFY_BEFORE,
                    STOP,
                    "the database claims 0006; its schema is that of revision 0005",
                    "interlock restamp writes that revision into alembic_version; then release again",
                ),
                *(Finding(Check.VERIFY_BEFORE, blamed.signal, str(blamed.change)) for blamed in DRIFT),
            )
        ),
        timeline=a_timeline(
            (Check.CONNECT, 0.041, "PostgreSQL 16.4, as shop_release"),
            (Check.LOCK, 0.002, "free"),
            (Check.PLAN, 0.12, "at 0006, 1 revision pending"),
            (Check.VERIFY_BEFORE, 0.31, "6 objects differ", STOP),
        ),
        seconds=0.52,
        plan=Plan(("0006",), "0007", (a_step("0007", "add plan to organisations"),)),
        before=a_verification(drift=DRIFT, located=("0005",), is_located=True),
        after=None,
        mapped_classes=None,
        asked_before=None,
        asked_after=None,
        unproved=("whether the endpoints work: the release stopped before they were asked",),
    )


def stop_half_way() -> ReleaseRecord:
    steps = (
        a_step(),
        a_step("0007", "add plan to organisations"),
        a_step("0008", "index organisations by plan"),
    )
    output = (
        "psycopg.errors.LockNotAvailable: canceling statement due to lock timeout\n"
        'LINE 1: ALTER TABLE "organisations" ADD COLUMN plan text'
    )
    return a_record(
        verdict=Verdict(
            (
                Finding(
                    Check.APPLY,
                    STOP,
                    "0007 did not finish: organisations was locked by another session for longer than 5 s",
                    "0006 stays; see who holds the lock, then release again: it goes on with 0007",
                ),
                Finding(
                    Check.PROBE_AFTER,
                    STOP,
                    "GET /api/admin/organisations as admin: no answer within 5 s",
                    "read the log of the application",
                ),
            )
        ),
        seconds=31.4,
        timeline=a_timeline(
            (Check.CONNECT, 0.041, "PostgreSQL 16.4, as shop_release"),
            (Check.LOCK, 0.002, "free"),
            (Check.PLAN, 0.12, "3 revisions pending after 0005"),
            (Check.VERIFY_BEFORE, 0.31, "131 objects compared"),
            (Check.PROBE_BEFORE, 0.64, "6 answers"),
            (Check.APPLY, 24.1, "1 of 3 revisions", STOP),
            (Check.VERIFY_AFTER, 0.28, "139 objects compared at 0006"),
            (Check.PROBE_AFTER, 5.2, "6 answers", STOP),
        ),
        plan=Plan(("0005",), "0008", steps),
        applied=(AppliedStep(steps[0], 1.214, True), AppliedStep(steps[1], 22.8, False, output)),
        before=a_verification(claimed=("0005",), compared_objects=131),
        after=a_verification(claimed=("0006",), compared_objects=139),
        mapped_classes=None,
        asked_before=asked((500, 500, 401), (200, 200, 401)),
        asked_after=asked((200, 200, 401), (None, 503, 401)),
        unproved=("whether the application can start on the schema of 0006",),
    )


def caution_without_an_identity() -> ReleaseRecord:
    return a_record(
        verdict=Verdict(
            (
                Finding(
                    Check.PROBE_AFTER,
                    CAUTION,
                    "3 endpoints were asked by nobody who is logged in: that a door is locked proves no page",
                    "give an identity: --identity admin=env:ADMIN_TOKEN",
                ),
            )
        ),
        asked_before=asked((0, 0, 401), (0, 0, 401), (0, 0, 403)),
        asked_after=asked((0, 0, 401), (0, 0, 401), (0, 0, 403)),
        unproved=("not compared in this version: check constraints, views, functions, triggers, grants, comments",),
    )


def stop_because_a_stage_is_silent() -> ReleaseRecord:
    record = a_record()
    return a_record(
        verdict=Verdict((Finding(Check.PROBE_AFTER, STOP, "did not report"),)),
        timeline=record.timeline[:-1],
        asked_after=None,
    )


HOSTILE = "<script>alert('x')</script> | `a` **b** \x1b[31mred\x1b[0m \u202eevil & \"q\" @octocat ]]> \x00"


def with_hostile_names() -> ReleaseRecord:
    step = a_step("0007", f"add {HOSTILE}")
    return a_record(
        project="<script>shop</script>",
        verdict=Verdict((Finding(Check.APPLY, STOP, f"relation {HOSTILE} does not exist", f"drop {HOSTILE}"),)),
        timeline=a_timeline((Check.APPLY, 0.1, HOSTILE, STOP)),
        target=a_target(host=HOSTILE, database=HOSTILE),
        plan=Plan((HOSTILE,), HOSTILE, (step,)),
        applied=(AppliedStep(step, 0.1, False, f"ERROR: {HOSTILE}\nLINE 1: {HOSTILE}"),),
        before=a_verification(
            drift=(
                missing(a_table(HOSTILE)),
                unexpected(a_column(HOSTILE, "orders", HOSTILE, default=HOSTILE), CAUTION),
                altered(a_column("a", HOSTILE, "text"), a_column("a", HOSTILE, HOSTILE)),
            ),
            located=(HOSTILE,),
        ),
        after=None,
        asked_after=Asked((Answer(f"GET /{HOSTILE}", HOSTILE, 500, Proof.FAILED, HOSTILE),), HOSTILE),
        expected_build=HOSTILE,
        unproved=(HOSTILE,),
    )


RECORDS = {
    builder.__name__: builder
    for builder in (
        clear_with_nothing_to_do,
        clear_with_applied_steps,
        clear_with_a_backup,
        stop_at_verify_before,
        stop_over_the_budget,
        stop_half_way,
        caution_without_an_identity,
        stop_because_a_stage_is_silent,
        with_hostile_names,
    )
}
