import pytest
from tests.unit.report.builders import (
    RECORDS,
    a_column,
    a_record,
    a_target,
    a_verification,
    missing,
    with_hostile_names,
)
from tests.unit.report.golden import assert_golden

from interlock.report.markdown import as_markdown


@pytest.mark.parametrize("name", RECORDS)
def test_the_markdown_is_as_it_was(name: str):
    assert_golden(f"{name}.md", as_markdown(RECORDS[name]()))


@pytest.mark.parametrize("name", RECORDS)
def test_every_row_of_a_table_has_the_cells_of_its_head(name: str):
    for table in tables(as_markdown(RECORDS[name]())):
        assert len({cells(row) for row in table}) == 1


def test_a_name_opens_no_element_outside_of_code():
    outside = without_code(as_markdown(with_hostile_names()))

    assert "<script>" not in outside.replace("\\<", "")


def test_a_name_mentions_nobody():
    assert "@octocat" not in without_code(as_markdown(with_hostile_names()))


def test_backticks_stay_inside_of_code():
    text = as_markdown(a_record(target=a_target(database="a``b`")))

    assert "| Database | ``` a``b` ``` |" in text


def test_an_output_cannot_end_its_own_fence():
    record = with_hostile_names()
    applied = tuple(
        type(step)(step.step, step.seconds, step.is_done, "```\n</details> # loud") for step in record.applied
    )

    assert "````text\n```\n</details> # loud\n````" in as_markdown(a_record(applied=applied))


def test_a_database_with_nothing_in_it_still_fits_into_a_comment():
    drift = tuple(missing(a_column(f"column_{number}")) for number in range(5000))

    text = as_markdown(a_record(after=a_verification(drift=drift), unproved=("not asked",) * 5000))

    assert len(text) < 65536
    assert text.count("... and 4950 more: see the report") == 2


def tables(markdown: str) -> list[list[str]]:
    blocks = markdown.split("\n\n")
    return [block.splitlines() for block in blocks if block.startswith("|")]


def cells(row: str) -> int:
    return row.replace("\\\\", "").replace("\\|", "").count("|")


def without_code(markdown: str) -> str:
    """The text with fenced blocks and code spans taken out, as CommonMark pairs their backticks."""
    import re

    unfenced = re.sub(r"^(`{3,})text\n.*?^\1$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(?<![`\\])(`+)(?!`).+?(?<!`)\1(?!`)", "", unfenced)
