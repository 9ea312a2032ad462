import json
from dataclasses import fields, replace
from typing import get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.schema.builders import a_column, a_snapshot, a_table, an_enum, an_index

from interlock.errors import InterlockError
from interlock.schema.file import (
    FORMAT,
    USUAL_OWNER,
    BrokenSchemaFile,
    NewerSchemaFile,
    SchemaFile,
    as_json,
    from_json,
    is_schema_file,
)
from interlock.schema.items import Column, Enum, Item, Routine, Table, class_of
from interlock.schema.name import Kind, Name
from interlock.schema.snapshot import Snapshot

PARTS = {Kind.COLUMN, Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.FOREIGN_KEY, Kind.CHECK, Kind.EXCLUSION}
PARTS |= {Kind.DOMAIN_CONSTRAINT, Kind.INDEX, Kind.TRIGGER, Kind.RULE, Kind.POLICY}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
BY_TYPE = {
    str: TEXT,
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**63),
    tuple[str, ...]: st.lists(TEXT, max_size=3).map(tuple),
    str | None: st.none() | TEXT,
    int | None: st.none() | st.integers(0, 10_000),
    Name | None: st.none() | st.builds(Name, st.just(Kind.COLUMN), TEXT, TEXT, TEXT),
}


def an_item_of(kind: Kind) -> st.SearchStrategy[Item]:
    made = class_of(kind)
    hints = get_type_hints(made)
    name = st.builds(Name, st.just(kind), TEXT, TEXT, TEXT if kind in PARTS else st.just(""))
    values = {part.name: BY_TYPE[hints[part.name]] for part in fields(made) if part.name != "name"}
    if "owner" in values:
        values["owner"] |= st.just(USUAL_OWNER)
    return st.builds(made, name=name, **values)


ITEMS = st.sampled_from(list(Kind)).flatmap(an_item_of)


@st.composite
def schema_files(draw) -> SchemaFile:
    items = {item.name: item for item in draw(st.lists(ITEMS, max_size=12))}
    others = draw(st.lists(ITEMS, max_size=3))
    revisions = tuple(draw(st.lists(TEXT, min_size=1, max_size=4, unique=True)))
    return SchemaFile(
        head=revisions[-1],
        base=revisions[0],
        revisions=revisions,
        scripts=draw(TEXT),
        snapshot=Snapshot(items, draw(BY_TYPE[tuple[str, ...]]), draw(BY_TYPE[tuple[str, ...]]), major=18),
        version_table=draw(TEXT),
        version_table_schema=draw(st.none() | TEXT),
        makers={name: draw(TEXT) for name in items if draw(st.booleans())},
        forms={each.name: (each, replace(each, comment="other")) for each in others},
    )


def a_file(*items: Item, **more) -> SchemaFile:
    snapshot = replace(a_snapshot(*items), major=18)
    return SchemaFile("r2", "r1", ("r1", "r2"), "sha256:0", snapshot, **more)


def changed_lines(before: SchemaFile, after: SchemaFile) -> set[str]:
    return set(as_json(before).splitlines()) ^ set(as_json(after).splitlines())


@settings(max_examples=40, deadline=None)
@given(schema_files())
def test_what_is_written_is_read_back_the_same(file: SchemaFile):
    again = from_json(as_json(file))

    assert again == file
    assert again.snapshot.major == file.snapshot.major
    assert positions(again) == positions(file)


def positions(file: SchemaFile) -> dict[Name, int]:
    return {item.name: item.position for item in file.snapshot if isinstance(item, Column)}


@settings(max_examples=40, deadline=None)
@given(st.lists(ITEMS, max_size=8, unique_by=lambda item: item.name), st.randoms(use_true_random=False))
def test_the_order_in_which_objects_are_read_does_not_show(items: list[Item], chance):
    text = as_json(a_file(*items))
    chance.shuffle(items)

    assert as_json(a_file(*items)) == text


@settings(max_examples=40, deadline=None)
@given(schema_files(), st.data())
def test_a_file_with_a_part_cut_out_is_read_or_refused_with_its_name_and_place(file: SchemaFile, data):
    text = as_json(file)
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, len(text)))

    try:
        from_json(text[:begin] + text[end:], "db/schema.json")
    except InterlockError as error:
        told = error.problem
    else:
        told = "db/schema.json"

    assert told.startswith("db/schema.json")


def test_a_column_is_one_line_and_what_is_usual_is_left_out():
    text = as_json(a_file(a_table(), a_column("id", position=1), a_column("note", position=2)))

    assert '{"kind": "column", "name": "note", "type": "text"}' in text


def test_a_changed_column_is_a_changed_line():
    before = a_file(a_table(), a_column("a", position=1), a_column("b", position=2), a_column("c", position=3))
    after = a_file(
        a_table(), a_column("a", position=1), a_column("b", position=2, type="uuid"), a_column("c", position=3)
    )

    assert len(changed_lines(before, after)) == 2


def test_a_column_in_the_middle_is_one_line_more():
    before = a_file(a_table(), a_column("a", position=1), a_column("c", position=2))
    after = a_file(a_table(), a_column("a", position=1), a_column("b", position=2), a_column("c", position=3))

    assert len(changed_lines(before, after)) == 1


def test_a_text_of_several_lines_is_a_list_of_them():
    function = Routine(Name(Kind.FUNCTION, "public", "f()"), "CREATE FUNCTION f()\nAS 'one'")
    other = replace(function, definition="CREATE FUNCTION f()\nAS 'two'")

    assert len(changed_lines(a_file(function), a_file(other))) == 2


def test_what_belongs_to_a_table_stands_with_it():
    document = json.loads(as_json(a_file(an_index(), an_enum(), a_column(), a_table())))

    assert {name: [each["kind"] for each in lines] for name, lines in document["objects"]["public"].items()} == {
        "order_state": ["enum"],
        "orders": ["table", "column", "index"],
    }


def test_the_usual_owner_is_left_out_and_another_one_is_not():
    usual, other = a_table("a"), a_table("b")
    text = as_json(a_file(replace(usual, owner=USUAL_OWNER), replace(other, owner="somebody")))

    assert '"owner": "somebody"' in text
    assert USUAL_OWNER not in text


def test_the_maker_of_an_object_stands_in_its_line():
    enum = an_enum()

    assert '"labels": ["open", "paid"], "by": "r2"' in as_json(
        a_file(replace(enum, owner=USUAL_OWNER), makers={enum.name: "r2"})
    )


def test_a_file_of_a_newer_format_says_who_can_read_it():
    text = as_json(a_file()).replace(f"interlock-schema/{FORMAT}", f"interlock-schema/{FORMAT + 1}")

    with pytest.raises(NewerSchemaFile) as error:
        from_json(text, "db/schema.json")

    assert error.value.problem == f"db/schema.json has format {FORMAT + 1}, and this Interlock reads up to {FORMAT}"
    assert "update Interlock" in error.value.remedy


GOOD = as_json(
    a_file(
        Table(Name(Kind.TABLE, "public", "t")),
        a_column("c", "t", position=1),
        Enum(Name(Kind.ENUM, "public", "e"), ("x",)),
    )
)


@pytest.mark.parametrize(
    ("was", "becomes", "place", "problem"),
    [
        ('"head": "r2"', '"head" "r2"', "line 7, column 10", "Expecting ':' delimiter"),
        ('"kind": "column"', '"kind": "colum"', "objects, public, t, object 2", "'colum' is no kind of object"),
        ('"kind": "column"', '"kind": ["column"]', "objects, public, t, object 2", "is no kind of object"),
        ('"type": "text"', '"typ": "text"', "objects, public, t, object 2", '"typ": no column has that'),
        (', "type": "text"', "", "objects, public, t, object 2", '"type" is missing'),
        ('"type": "text"', '"type": 1', "objects, public, t, object 2", '"type": it has to be a text'),
        ('"type": "text"', '"type": "text", "nullable": 0', "object 2", '"nullable": it has to be true or false'),
        ('"type": "text"', '"type": "text", "position": true', "object 2", '"position": it has to be a whole number'),
        ('"name": "c", ', "", "objects, public, t, object 2", '"name" and "by" have to be texts'),
        ('["x"]', '"x"', "objects, public, e, object 1", '"labels": it has to be a list of texts'),
        ('"t": [', '"e": [', '"e"', "it stands there twice"),
        ('"head": "r2",', "", '"head"', "it is missing"),
        ('"head": "r2",', '"head": "r3",', '"head"', "r3 is not among the revisions"),
        ('"head": "r2",', '"head": "r2", "more": 1,', '"more"', "nothing of that name belongs here"),
        ('"longest_revision": 2', '"longest_revision": 3', '"longest_revision"', "the longest has 2 characters"),
        ("interlock-schema/1", "interlock-schema/one", '"format"', 'it has to be "interlock-schema/1"'),
        ('"objects": {', '"objects": [], "x": {', "objects", "it has to be an object in braces"),
        ('"base": "r1",', "<<<<<<< HEAD", "line 6", "Expecting"),
    ],
)  # fmt: skip
def test_a_broken_file_is_one_error_that_names_file_and_place(was: str, becomes: str, place: str, problem: str):
    assert was in GOOD

    with pytest.raises(BrokenSchemaFile) as error:
        from_json(GOOD.replace(was, becomes, 1), "db/schema.json")

    assert error.value.problem.startswith("db/schema.json is no schema file that can be read: ")
    assert place in error.value.problem
    assert problem in error.value.problem


@pytest.mark.parametrize("text", ["", "[]", "null", "[" * 100_000, "1" * 10_000, '{"format": NaN}', "\x00"])
def test_what_is_no_file_of_ours_at_all_is_refused_without_a_traceback(text: str):
    with pytest.raises(BrokenSchemaFile):
        from_json(text)


def test_an_object_that_a_merge_doubled_is_refused():
    line = '{"kind": "column", "name": "c", "type": "text"}'

    with pytest.raises(BrokenSchemaFile, match="object 3: it stands there twice"):
        from_json(GOOD.replace(line, f"{line},{line}"))


def test_a_file_with_a_conflict_in_it_is_still_known_for_one_of_ours():
    assert is_schema_file(GOOD.replace('"base"', "<<<<<<< HEAD"))
    assert not is_schema_file('{"openapi": "3.1.0"}')
