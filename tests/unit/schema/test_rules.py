import pytest
from tests.unit.schema.builders import a_column, a_snapshot, a_table, an_enum, an_index

from interlock.schema.history import History, Moment
from interlock.schema.rules import NO_RULES, Rule, Rules, Treatment

ORDERS, EMAIL, BY_STATE, STATE = a_table("orders"), a_column("email"), an_index("orders_by_state"), an_enum("state")


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("public.orders", {ORDERS, EMAIL, BY_STATE}),
        ("table public.orders", {ORDERS, EMAIL, BY_STATE}),
        ("public.orders.*", {EMAIL, BY_STATE}),
        ("index public.*", {BY_STATE}),
        ("index *_by_state", {BY_STATE}),
        ("enum *", {STATE}),
        ("orders", set()),
    ],
)
def test_a_pattern_names_an_object_and_what_belongs_to_it(pattern: str, named: set):
    rule = Rule(pattern, Treatment.IGNORED, "because")

    assert {item for item in (ORDERS, EMAIL, BY_STATE, STATE) if rule.names(item.name)} == named


def test_what_is_ignored_is_ignored_on_both_sides():
    rules = Rules(rules=(Rule("index *", Treatment.IGNORED, "they come and go"),))
    snapshot = a_snapshot(ORDERS, EMAIL, BY_STATE)

    history = rules.applied_to_history(History((Moment(None, a_snapshot()), Moment("r1", snapshot))))

    assert set(rules.applied_to(snapshot)) == {ORDERS, EMAIL}
    assert set(history.moments[-1].schema) == {ORDERS, EMAIL}


def test_what_is_ignored_is_told_with_its_number_and_its_reason():
    rules = Rules(rules=(Rule("public.orders", Treatment.IGNORED, "the importer's"),))

    assert rules.told(a_snapshot(ORDERS, EMAIL, STATE)) == (
        "ignored by the settings: public.orders (2 on the target): the importer's",
    )


def test_the_first_rule_that_fits_counts():
    rules = Rules(
        rules=(Rule("public.orders.email", Treatment.STOP, "a"), Rule("public.orders", Treatment.CAUTION, "b"))
    )

    assert rules.treatment_of(EMAIL.name) is Treatment.STOP
    assert rules.treatment_of(ORDERS.name) is Treatment.CAUTION
    assert rules.treatment_of(STATE.name) is None


def test_other_schemas_than_those_that_are_named_are_left_out_and_told():
    elsewhere = a_table("invoices", schema="billing")
    rules = Rules(schemas=("public",))

    assert set(rules.applied_to(a_snapshot(ORDERS, elsewhere))) == {ORDERS}
    assert rules.told(a_snapshot(ORDERS, elsewhere)) == ("schemas that the settings do not name: billing",)


def test_without_rules_nothing_is_left_out():
    snapshot = a_snapshot(ORDERS, EMAIL, BY_STATE, STATE)

    assert NO_RULES.applied_to(snapshot) == snapshot
    assert NO_RULES.told(snapshot) == ()
