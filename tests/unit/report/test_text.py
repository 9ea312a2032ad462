import pytest
from rich.text import Text
from tests.unit.report.builders import (
    RECORDS,
    STOP,
    a_record,
    a_step,
    a_table,
    a_target,
    a_verification,
    asked,
    clear_with_applied_steps,
    clear_with_nothing_to_do,
    missing,
    stop_at_verify_before,
    stop_half_way,
    with_hostile_names,
)
from tests.unit.report.golden import assert_golden

from interlock.release.record import Plan
from interlock.report.text import SHOWN, as_text


@pytest.mark.parametrize("name", RECORDS)
def test_the_text_is_as_it_was(name: str):
    assert_golden(f"{name}.txt", as_text(RECORDS[name]()))


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("width", [60, 80, 100, 240])
def test_no_line_is_wider_than_the_terminal(name: str, width: int):
    lines = as_text(RECORDS[name](), width=width).splitlines()

    assert max(map(len, lines)) <= width


def test_a_release_with_nothing_to_do_takes_a_dozen_lines():
    assert len(as_text(clear_with_nothing_to_do()).splitlines()) <= 12


@pytest.mark.parametrize("name", RECORDS)
def test_colour_changes_no_word(name: str):
    coloured = as_text(RECORDS[name](), colour=True)

    plain = "\n".join(line.rstrip() for line in Text.from_ansi(coloured).plain.splitlines())
    assert plain.split() == as_text(RECORDS[name]()).split()
    assert "\x1b[" in coloured


def test_without_colour_there_is_no_escape_sequence():
    assert not any("\x1b" in as_text(build()) for build in RECORDS.values())


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    before = as_text(stop_half_way())
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)

    assert as_text(stop_half_way()) == before


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437"])
@pytest.mark.parametrize("name", RECORDS)
def test_any_encoding_can_say_it(name: str, encoding: str):
    text = as_text(RECORDS[name](), encoding=encoding)

    text.encode(encoding)
    assert "\\u25" not in text  # no mark of ours is shown as its number


def test_ascii_keeps_the_verdict_and_the_columns():
    ascii_lines = as_text(stop_at_verify_before(), encoding="ascii").splitlines()
    utf8_lines = as_text(stop_at_verify_before()).splitlines()

    assert any(line.startswith(" # STOP  =====") for line in ascii_lines)
    assert [len(line) for line in ascii_lines] == [len(line) for line in utf8_lines]


def test_long_drift_is_cut_short_and_says_so():
    drift = tuple(missing(a_table(f"t{number:03}")) for number in range(SHOWN + 37))

    text = as_text(a_record(after=a_verification(drift=drift)))

    assert "Missing (49)" in text
    assert "... and 37 more: see the report" in text
    assert "t048" not in text


def test_what_is_worst_is_not_what_is_cut():
    drift = (
        *(missing(a_table(f"t{number:03}"), signal=STOP.__class__.CAUTION) for number in range(SHOWN)),
        missing(a_table("worst")),
    )

    assert "public.worst" in as_text(a_record(after=a_verification(drift=drift)))


def test_a_failed_answer_is_never_cut():
    rows = [asked((500, 500, 500), (500, 500, 500), (500, 500, 500)).answers] * 4
    after = asked().__class__(tuple(answer for row in rows for answer in row))

    assert as_text(a_record(asked_before=None, asked_after=after)).count("failed") == 36


def test_the_revision_that_should_have_made_an_object_is_named():
    assert "table public.analytics_modules, by 0006" in as_text(stop_at_verify_before())


def test_a_long_name_is_never_cut_off():
    long = "fk_" + "feature_flags_module_key_" * 5
    record = a_record(
        after=a_verification(drift=(missing(a_table(long)),)),
        unproved=(f"PUT /{long} was not asked",),
        plan=Plan((), long, (a_step(long),)),
        target=a_target(host=long),
    )

    text = as_text(record)

    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert "".join(text.split()).count(long) >= 4


def test_a_long_list_of_what_is_not_covered_is_cut_short_and_says_so():
    text = as_text(a_record(unproved=tuple(f"POST /{number}" for number in range(SHOWN + 5))))

    assert "... and 5 more: see the report" in text


def test_a_release_that_mended_a_page_shows_it():
    lines = as_text(clear_with_applied_steps()).splitlines()

    assert any(line.split()[-4:] == ["admin", "500", "200", "proved"] for line in lines)


def test_a_name_cannot_drive_the_terminal():
    text = as_text(with_hostile_names(), colour=True)

    assert "\\x1b[31mred" in text
    assert "\x1b[31mred" not in text
