"""What a plan says of each form of statement, from what the statement did on a real server."""

from collections.abc import Iterator
from datetime import date

import pytest

from interlock.hazards.find import find_hazards
from interlock.hazards.hazard import Hazard
from interlock.hazards.statement import Rates, Statement
from tests.majors import ServerOf
from tests.measured import Databases, databases, measure, shown, weights_of
from tests.statement_forms import FORMS, Form

RATES = Rates(scan=1e8, rewrite=5e7, index=5e7, rows=1e5, basis="assumed")


@pytest.fixture(scope="module")
def database_for(server_of: ServerOf) -> Iterator[Databases]:
    with databases(server_of(18)) as database_for:
        yield database_for


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.sql)
def test_a_form_locks_and_works_as_the_table_says_and_is_warned_of(form: Form, database_for: Databases):
    statement = measure(database_for(form), form)

    assert shown(statement) == (form.locks, form.scans, form.rewrites)
    assert " ".join(sorted({each.rule for each in hazards_of(statement)})) == form.warns


def hazards_of(*statements: Statement) -> tuple[Hazard, ...]:
    return find_hazards(statements, weights_of(statements), RATES, major=18, today=date(2026, 11, 1))


def test_the_catalogue_has_all_32_hazards_but_the_one_of_two_statements():
    assert {form.hazard for form in FORMS if form.hazard} == set(range(1, 33)) - {14}
    assert all(form.warns for form in FORMS if form.hazard)
