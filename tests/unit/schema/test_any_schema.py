"""What holds for any two schemas."""

import dataclasses
import json

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.unit.schema.strategies import ITEM_CLASSES, annotations, items, snapshots, values

from interlock.report.change import change_as_json
from interlock.report.legible import legible
from interlock.report.wording import sides
from interlock.schema.drift import COLUMN_ORDER, Altered, Missing, Severity, Unexpected, find_drift, severity
from interlock.schema.items import class_of
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot

SOMEBODY = Name(Kind.COLUMN, "public", "orders", "id")
# As many as a test may take that runs each time; a machine that is busy is slow.
settings.register_profile("quick", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quick")


@given(snapshots())
def test_a_schema_does_not_drift_from_itself(schema):
    copy = Snapshot({name: dataclasses.replace(item) for name, item in reversed(schema.items.items())})

    assert find_drift(schema, copy) == ()


@given(snapshots(), snapshots())
def test_two_schemas_without_drift_are_equal(ours, theirs):
    assert (find_drift(ours, theirs) == ()) is (ours.items == theirs.items)


@given(snapshots(), snapshots())
def test_what_is_missing_on_one_side_is_unexpected_on_the_other(ours, theirs):
    there, back = find_drift(ours, theirs), find_drift(theirs, ours)

    assert missing(there) == unexpected(back)
    assert missing(back) == unexpected(there)
    assert {each.name for each in there if isinstance(each, Altered)} == {
        each.name for each in back if isinstance(each, Altered)
    }


@given(snapshots(min_size=1), st.data())
def test_whatever_is_dropped_is_found_by_its_name(schema, data):
    dropped = data.draw(st.sampled_from(sorted(schema.items)))
    rest = schema.with_items(
        {name: item for name, item in schema.items.items() if name != dropped and not belongs(name, dropped)}
    )

    assert find_drift(schema, rest) == (Missing(dropped, schema.items[dropped]),)
    assert find_drift(rest, schema) == (Unexpected(dropped, schema.items[dropped]),)


@given(snapshots(min_size=1), st.data())
def test_whatever_is_changed_is_found_in_exactly_its_attribute(schema, data):
    name = data.draw(st.sampled_from(sorted(schema.items)))
    was = schema.items[name]
    attribute, annotation = data.draw(st.sampled_from(list(annotations(type(was)).items())))
    other = SOMEBODY if annotation == Name | None else data.draw(values(annotation))
    assume(other != getattr(was, attribute))
    changed = schema.with_items({**schema.items, name: dataclasses.replace(was, **{attribute: other})})

    (change,) = find_drift(schema, changed)

    assert isinstance(change, Altered)
    assert change.name == name
    assert change.differences == {attribute: (getattr(was, attribute), other)}


@given(snapshots(), snapshots())
def test_every_difference_can_be_told_in_every_way(ours, theirs):
    for change in find_drift(ours, theirs):
        assert severity(change) in Severity
        document = json.loads(json.dumps(change_as_json(change)))
        assert (document["schema"], document["table"], document["item"]) == tuple(change.name)[1:]
        for text in (str(legible(change)), *sides(legible(change))):
            assert all(character.isprintable() or character in "\n\u00a0" for character in text), text


@given(st.lists(st.text("ab", min_size=1, max_size=3), unique=True, min_size=2, max_size=5), st.randoms())
def test_another_order_of_columns_is_told_as_that_and_nothing_else(names, random):
    table = class_of(Kind.TABLE)(Name(Kind.TABLE, "public", "t"))
    shuffled = list(names)
    random.shuffle(shuffled)
    ours, theirs = (table_of(table, order) for order in (names, shuffled))

    drift = find_drift(ours, theirs)

    if names == shuffled:
        assert drift == ()
    else:
        (change,) = drift
        assert change.differences == {COLUMN_ORDER: (tuple(names), tuple(shuffled))}


@given(st.data())
def test_every_class_of_objects_can_be_a_difference(data):
    kinds = {class_of(kind): kind for kind in Kind}
    assert kinds.keys() == set(ITEM_CLASSES)
    for kind in kinds.values():
        item = data.draw(items(Name(kind, "s", "t")))
        for change in (Missing(item.name, item), Unexpected(item.name, item)):
            assert severity(change) in Severity
            assert change_as_json(change)["kind"] == kind


def missing(drift):
    return {change.name for change in drift if isinstance(change, Missing)}


def unexpected(drift):
    alike = {change.looks_like.name for change in drift if isinstance(change, Missing) and change.looks_like}
    return alike | {change.name for change in drift if isinstance(change, Unexpected)}


def belongs(name, other):
    """Whether one object is a part of the other."""
    return not other.item and name.container == (other.schema, other.table)


def table_of(table, order):
    columns = [
        class_of(Kind.COLUMN)(Name(Kind.COLUMN, "public", "t", name), type="int", nullable=True, position=place)
        for place, name in enumerate(order, start=1)
    ]
    return Snapshot({item.name: item for item in (table, *columns)})
