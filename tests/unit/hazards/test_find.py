import re
from datetime import date
from pathlib import Path

import pytest

from interlock.hazards.acceptance import accepted_by_operator, accepted_in
from interlock.hazards.find import find_hazards
from interlock.hazards.hazard import Acceptance, Harm, Hazard
from interlock.hazards.lock import LockMode, TableLock
from interlock.hazards.publication import Publication
from interlock.hazards.rule import rule_names
from interlock.hazards.statement import Made, Rates, Statement, Weight

RATES = Rates(scan=100.0, rewrite=50.0, index=50.0, rows=10.0, basis="measured here")
TODAY = date(2026, 11, 26)


def a_statement(sql: str, *locks: str, position: int = 0, transaction: int | None = 1, **facts: object) -> Statement:
    """One on public tables; a lock is written as `t:ACCESS_EXCLUSIVE`."""
    pairs = (lock.split(":") for lock in locks)
    taken = tuple(TableLock(f"public.{table}", LockMode[mode]) for table, mode in pairs)
    return Statement("r1", "r1.py", 7, sql, locks=taken, position=position, transaction=transaction, **facts)


def a_weight(table: str = "t", bytes_: int = 1000, rows: int = 100, uses: float = 5.0) -> Weight:
    return Weight(f"public.{table}", bytes_, rows, writes_per_second=uses, reads_per_second=uses)


WEIGHTS = (a_weight(),)


def hazards(*statements: Statement, weights=WEIGHTS, acceptances: tuple[Acceptance, ...] = ()) -> list[Hazard]:
    by_name = {weight.table: weight for weight in weights}
    return list(find_hazards(statements, by_name, RATES, major=18, today=TODAY, acceptances=acceptances))


def told(found: list[Hazard]) -> list[tuple[str, str, Harm, float | None]]:
    return [(each.rule, each.table, each.harm, each.seconds) for each in found]


SCAN = a_statement("alter table t add check (a > 0)", "t:ACCESS_EXCLUSIVE", scanned=("public.t",))


def test_a_scan_is_weighed_with_the_live_size():
    [hazard] = hazards(SCAN)

    assert told([hazard]) == [("check-scan", "public.t", Harm.OVER_BUDGET, 10.0)]
    assert hazard.basis == "measured here"


def test_within_the_budget_it_is_a_note():
    assert told(hazards(SCAN, weights=[a_weight(bytes_=50)])) == [("check-scan", "public.t", Harm.NOTE, 0.5)]


def test_what_follows_in_the_transaction_counts():
    update = a_statement("update u set a = 1", "u:ROW_EXCLUSIVE", position=1)
    add = a_statement("alter table t add column b int", "t:ACCESS_EXCLUSIVE")

    assert told(hazards(add, update, weights=[a_weight(), a_weight("u")])) == [
        ("held-to-commit", "public.t", Harm.OVER_BUDGET, 10.0),
        ("whole-table-write", "public.u", Harm.OVER_BUDGET, 10.0),
    ]


def test_in_a_transaction_of_its_own_it_does_not():
    update = a_statement("update u set a = 1 where id = 3", "u:ROW_EXCLUSIVE", transaction=2)
    add = a_statement("alter table t add column b int", "t:ACCESS_EXCLUSIVE")

    assert hazards(add, update, weights=[a_weight(), a_weight("u")]) == []


def test_a_scan_under_a_lock_that_an_earlier_statement_took_counts():
    earlier = a_statement("alter table t add column b int", "t:ACCESS_EXCLUSIVE")
    validate = a_statement(
        "alter table t validate constraint k", "t:SHARE_UPDATE_EXCLUSIVE", position=1, scanned=("public.t",)
    )

    assert told(hazards(earlier, validate)) == [("work-under-lock", "public.t", Harm.OVER_BUDGET, 10.0)]


def test_a_table_of_unknown_size_is_over_budget():
    [hazard] = hazards(SCAN, weights=[])

    assert (hazard.harm, hazard.seconds) == (Harm.OVER_BUDGET, None)
    assert "cannot be told" in hazard.message


def test_nobody_uses_what_the_plan_creates():
    create = a_statement("create table t ()", created=(Made("table", "public.t", "public.t"),))

    assert hazards(create, SCAN, weights=[]) == []


def test_a_table_that_is_dropped_and_made_anew_is_no_new_one():
    create = a_statement("create table t ()", created=(Made("table", "public.t", "public.t"),))

    assert told(hazards(create, SCAN)) == [("check-scan", "public.t", Harm.OVER_BUDGET, 10.0)]


def test_a_table_that_nobody_uses_is_within_the_budget():
    assert told(hazards(SCAN, weights=[a_weight(uses=0.0)])) == [("check-scan", "public.t", Harm.NOTE, 10.0)]


def test_work_that_no_rule_knows_is_told():
    unknown = a_statement("select odd_function()", "t:ACCESS_EXCLUSIVE", rewritten=("public.t",))

    assert [each.rule for each in hazards(unknown)] == ["rewrite"]
    scanned = a_statement("select odd_function()", "t:SHARE", scanned=("public.t",))
    assert [each.rule for each in hazards(scanned)] == ["work-under-lock"]


def test_two_tables_in_one_transaction():
    first = a_statement("alter table t add column b int", "t:ACCESS_EXCLUSIVE")
    second = a_statement("alter table u add column b int", "u:ACCESS_EXCLUSIVE", position=1)

    assert [(each.rule, each.table) for each in hazards(first, second, weights=[a_weight(), a_weight("u")])] == [
        ("locks-several-tables", "public.u")
    ]


def test_an_enum_value_used_where_it_was_added():
    add = a_statement("alter type mood add value 'new'")
    use = a_statement("insert into t values ('new')", "t:ROW_EXCLUSIVE", position=1)

    assert [each.rule for each in hazards(add, use)] == ["enum-value-used"]
    assert hazards(add, a_statement("insert into t values ('new')", "t:ROW_EXCLUSIVE", transaction=2)) == []


def test_words_in_literals_and_comments_are_no_words():
    harmless = a_statement("comment on table t is 'rename to; lock table t' -- truncate t", "t:ACCESS_EXCLUSIVE")

    assert hazards(harmless) == []


def test_an_acceptance_counts_for_its_file_rule_and_table_through_its_last_day():
    comment = "# interlock: accept check-scan on t until {}: at night"
    for until, is_accepted in [("2026-11-26", True), ("2026-11-25", False)]:
        accepted, malformed = accepted_in("r1.py", comment.format(until))
        [hazard] = hazards(SCAN, acceptances=accepted)
        assert (hazard.accepted is not None, hazard.expired is not None, malformed) == (
            is_accepted,
            not is_accepted,
            (),
        )

    elsewhere, _ = accepted_in("r2.py", comment.format("2027-01-01"))
    [hazard] = hazards(SCAN, acceptances=elsewhere)
    assert (hazard.accepted, hazard.expired) == (None, None)


def test_the_operator_accepts_by_rule_and_table():
    assert hazards(SCAN, acceptances=(accepted_by_operator("check-scan:t"),))[0].accepted
    assert not hazards(SCAN, acceptances=(accepted_by_operator("check-scan:u"),))[0].accepted


def test_a_comment_that_accepts_nothing_is_told():
    comments = """
    # interlock: accept check-scan on t: no day
    # interlock: accept check-scan on t until 2026-13-01: no such day
    # interlock: accept chek-scan on t until 2026-12-01: no such rule
    # interlock: accept check-scan on t until 2026-12-01:
    # interlock: allow check-scan
    """
    accepted, malformed = accepted_in("r1.py", comments)

    assert (accepted, [each.place for each in malformed]) == ((), [f"r1.py:{line}" for line in range(2, 7)])


def test_every_rule_has_its_section_in_the_reference_and_no_other_has():
    page = (Path(__file__).parents[3] / "docs" / "reference" / "hazards.md").read_text()

    assert sorted(re.findall(r"^### (\S+)$", page, re.MULTILINE)) == sorted(rule_names())


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            a_statement("alter table t add b int", "t:ACCESS_EXCLUSIVE", created=(Made("column", "b", "public.t"),)),
            "adds a column to public.t, whose rows go to the subscribers of one, all",
        ),
        (
            a_statement("alter table l add b int", "l:ACCESS_EXCLUSIVE", created=(Made("column", "b", "public.l"),)),
            "adds a column to public.l, whose rows go to the subscribers of all",
        ),
        (
            a_statement("alter table t drop b", "t:ACCESS_EXCLUSIVE", dropped=(Made("column", "b", "public.t"),)),
            "drops a column of public.t",
        ),
        (a_statement("alter table t rename a to b", "t:ACCESS_EXCLUSIVE"), "renames or moves public.t"),
        (a_statement("alter table t alter a type text", "t:ACCESS_EXCLUSIVE"), "another type to a column of public.t"),
        (
            a_statement("drop table t", "t:ACCESS_EXCLUSIVE", dropped=(Made("table", "public.t", "public.t"),)),
            "drops public.t",
        ),
        (
            a_statement("create table n ()", created=(Made("table", "public.n", "public.n"),)),
            "makes public.n, whose rows go to the subscribers of all",
        ),
        (
            a_statement(
                "create table n partition of t default",
                "t:ACCESS_EXCLUSIVE",
                created=(Made("table", "public.n", "public.n"), Made("column", "a", "public.n")),
            ),
            "adds a partition to public.t",
        ),
        (a_statement("alter table t rename constraint a to b", "t:ACCESS_EXCLUSIVE"), None),
        (a_statement("create unlogged table n ()", created=(Made("table", "public.n", "public.n"),)), None),
        (a_statement("create table n ()", created=(Made("table", "other.n", "other.n"),)), None),
        (
            a_statement("alter table o add b int", "o:ACCESS_EXCLUSIVE", created=(Made("column", "b", "public.o"),)),
            None,
        ),
    ],
)
def test_a_change_of_what_is_sent_to_subscribers_is_told(statement: Statement, said: str | None):
    publications = (
        Publication("one", frozenset({"public.t", "public.l"}), of_some_columns=frozenset({"public.l"})),
        Publication("all", frozenset({"public.t", "public.l"}), schemas=frozenset({"public"})),
    )
    found = find_hazards((statement,), {}, RATES, major=18, today=TODAY, publications=publications)

    told = [each.message for each in found if each.rule == "replicated-table"]
    assert [said in each for each in told] == ([True] if said else []), told


def test_where_all_tables_are_sent_the_journal_is_too():
    writes = [
        a_statement("insert into t values (1)", "t:ROW_EXCLUSIVE", transaction=None, is_early=True) for _ in range(2)
    ]
    everything = (Publication("all", frozenset({"public.t"}), schemas=None),)
    found = find_hazards(writes, {}, RATES, major=18, today=TODAY, publications=everything)

    [hazard] = (each for each in found if each.rule == "replicated-journal" and each.statement is writes[0])
    assert "interlock_journal.statements, whose rows go to the subscribers of all" in hazard.message
    assert find_hazards(writes[:1], {}, RATES, major=18, today=TODAY, publications=(Publication("one"),)) == ()


def test_a_second_change_of_what_is_sent_is_told_though_it_takes_no_new_lock():
    first = a_statement("alter table t alter a type text", "t:ACCESS_EXCLUSIVE")
    second = a_statement("alter table public.t alter b type text", position=1)
    sent = (Publication("one", frozenset({"public.t"})),)
    found = find_hazards((first, second), {}, RATES, major=18, today=TODAY, publications=sent)

    assert [each.statement for each in found if each.rule == "replicated-table"] == [first, second]
