"""What each form of statement locks, scans and writes anew, on PostgreSQL 14 to 18, and what a plan says of it.

python -m bench.locks   writes bench/LOCKS.md
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.majors import MAJORS, run_servers
from tests.measured import databases, measure, shown, weights_of
from tests.statement_forms import FORMS, Form

from interlock.hazards.find import find_hazards
from interlock.hazards.statement import Statement
from interlock.postgres.rates import assumed_rates

Seen = tuple[str, str, str]


def main() -> None:
    seen: dict[Form, dict[int, Seen]] = {form: {} for form in FORMS}
    warned: dict[Form, str] = {}
    with run_servers() as server_of:
        for major in MAJORS:
            with databases(server_of(major)) as database_for:
                for form in (each for each in FORMS if each.since <= major):
                    statement = measure(database_for(form), form)
                    seen[form][major] = shown(statement)
                    warned[form] = warnings(statement, major)
            print(f"PostgreSQL {major}: {sum(major in each for each in seen.values())} forms")
    text = "\n".join(lines(seen, warned))
    Path(__file__).with_name("LOCKS.md").write_text(text + "\n")
    print(text)


def warnings(statement: Statement, major: int) -> str:
    today = datetime.now(UTC).date()
    hazards = find_hazards([statement], weights_of([statement]), assumed_rates(), major=major, today=today)
    return " ".join(sorted({each.rule for each in hazards}))


def lines(seen: dict[Form, dict[int, Seen]], warned: dict[Form, str]) -> Iterator[str]:
    yield "# Locks, scans and rewrites, as measured"
    yield ""
    yield "Written by `python -m bench.locks`. Each form ran on each major, through what measures the revisions of a"
    yield "plan; the table of `tests/statement_forms.py` is what is expected of it. AX is ACCESS EXCLUSIVE, SRX SHARE"
    yield "ROW EXCLUSIVE, SUX SHARE UPDATE EXCLUSIVE, S SHARE, X EXCLUSIVE, RX ROW EXCLUSIVE, RS ROW SHARE."
    yield ""
    hazards = [form for form in seen if form.hazard]
    silent = sum(not form.warns and not warned[form] for form in seen)
    harmless = sum(not form.warns for form in seen)
    runs = sum(map(len, seen.values()))
    alike = sum(each == expected(form) for form, by_major in seen.items() for each in by_major.values())
    yield f"- {alike} of {runs} measurements are as expected: {len(seen)} forms on PostgreSQL {MAJORS[0]}"
    yield f"  to {MAJORS[-1]}."
    yield f"- {sum(bool(warned[form]) for form in hazards)} of {len(hazards)} hazardous forms are warned of."
    yield f"- {silent} of {harmless} harmless forms pass in silence."
    yield ""
    yield "| form | locks | scans | rewrites | warns | majors | otherwise |"
    yield "|---|---|---|---|---|---|---|"
    for form, by_major in seen.items():
        others = "; ".join(f"{major}: {each}" for major, each in by_major.items() if each != expected(form))
        setup = f"after `{form.setup}`: " if form.setup else ""
        majors = f"{min(by_major)} to {max(by_major)}" if len(by_major) > 1 else str(*by_major)
        yield f"| {setup}`{form.sql}` | {' | '.join(expected(form))} | {warned[form]} | {majors} | {others} |"


def expected(form: Form) -> Seen:
    return form.locks, form.scans, form.rewrites


if __name__ == "__main__":
    main()
