from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.unit.report.builders import a_record, a_target, a_verification, asked

from interlock.report.legible import legible
from interlock.report.wording import address, builds, duration, listed, location, moment


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 ms"),
        (0.0421, "42 ms"),
        (0.9996, "1.0 s"),
        (59.94, "59.9 s"),
        (59.97, "1 min 00 s"),
        (187.2, "3 min 07 s"),
        (3599.9, "1 h 00 min"),
        (7384.0, "2 h 03 min"),
    ],
)
def test_a_duration_is_as_short_as_its_precision_deserves(seconds: float, words: str):
    assert duration(seconds) == words


def test_a_time_is_told_in_utc():
    summer = datetime(2026, 8, 1, 11, 14, 3, tzinfo=timezone(timedelta(hours=2)))

    assert moment(summer) == moment(datetime(2026, 8, 1, 9, 14, 3, tzinfo=UTC)) == "2026-08-01 09:14:03 UTC"


def test_words_in_a_row():
    assert listed(("a", "b", "c")) == "a, b and c"


def test_the_false_green_state_is_named():
    found = a_verification(claimed=("0006",), located=("0005",), is_located=True)

    assert location(found) == "The database claims 0006, but its schema is that of 0005."


def test_a_database_that_is_what_it_claims_needs_no_word():
    assert location(a_verification(located=("0005", "0006"), is_located=True)) == ""


def test_a_build_that_does_not_answer_is_not_taken_for_the_expected_one():
    record = a_record(asked_after=asked(), expected_build="b2")

    assert builds(record) == "b2 expected, but the application did not say which it is"


def test_an_old_build_is_named_beside_the_expected_one():
    assert builds(a_record(asked_after=asked(build="b1"), expected_build="b2")) == "b1 answered, b2 expected"


def test_the_colons_of_a_host_are_not_those_of_the_port():
    assert address(a_target(host="::1")) == "[::1]:5432"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[0m", "a\\x1b[0m"),
        ("\u202efdp.exe", "\\u202efdp.exe"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("two\r\nlines", "two\nlines"),
        ("über ✓", "über ✓"),
    ],
)
def test_hidden_characters_are_written_out(text: str, shown: str):
    assert legible(text) == shown


def test_a_whole_record_is_made_legible():
    assert legible(a_record(target=a_target(host="\x07"))).target == a_target(host="\\x07")
