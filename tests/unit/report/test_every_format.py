"""What holds whatever the format is."""

import json
import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.report.builders import RECORDS, STOP, a_record, a_timeline

from interlock.release.record import ReleaseRecord
from interlock.report.findings import own_findings
from interlock.report.headline import headline
from interlock.report.html import as_html
from interlock.report.json import as_json
from interlock.report.junit import as_junit
from interlock.report.legible import legible
from interlock.report.markdown import as_markdown
from interlock.report.text import as_text
from interlock.verdict.finding import Check, Finding, Signal
from interlock.verdict.judge import Verdict


def words(text: str) -> str:
    return "".join(text.split())


def markdown_words(record: ReleaseRecord) -> str:
    text = as_markdown(record).replace("<br>", "\n").replace("@<!-- -->", "@")
    return words(re.sub(r"\\([\\`*\[\]<>|~$&_])", r"\1", text))


FORMATS = {
    # The columns of a terminal cut a text in pieces, but only at its spaces or where a line ends.
    "text": lambda record: words(as_text(record, width=120)),
    "markdown": markdown_words,
    "html": lambda record: words(unescape(re.sub(r"<[^>]*>", "", as_html(record)))),
    "junit": lambda record: words(unescape(as_junit(record)).replace("\n", "")),
}


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("format_name", FORMATS)
def test_every_finding_is_told_with_its_remedy(format_name: str, name: str):
    record = RECORDS[name]()
    told = FORMATS[format_name](record)

    for finding in own_findings(legible(record)):
        assert words(finding.message) in told
        assert words(finding.remedy) in told


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("format_name", ["markdown", "html"])
def test_what_only_the_drift_tells_is_told_there(format_name: str, name: str):
    record = RECORDS[name]()
    told = FORMATS[format_name](record)

    for verification in filter(None, (record.before, record.after)):
        assert all(words(str(legible(blamed.change.name))) in told for blamed in legible(verification).drift)


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("write", [as_text, as_markdown, as_html, as_junit])
def test_the_verdict_and_what_it_does_not_cover_are_in_every_format(write, name: str):
    record = RECORDS[name]()

    assert record.verdict.signal.name in write(record)
    if write is not as_junit:
        assert ("Not covered by this verdict" in write(record)) == bool(record.unproved)


findings = st.builds(Finding, st.sampled_from(Check), st.sampled_from(Signal), st.text(min_size=1), st.text())


@given(st.lists(findings, max_size=4), st.text(max_size=30))
def test_any_text_can_be_written_and_read_again(found: list[Finding], name: str):
    record = a_record(project=name, verdict=Verdict(tuple(found)))

    document = json.loads(as_json(record))
    assert [each["message"] for each in document["verdict"]["findings"]] == [
        finding.message for finding in record.verdict.worst_first
    ]
    for write in (as_text, as_markdown, as_html, as_junit):
        write(record).encode("utf-8")


@given(st.lists(findings, max_size=4))
def test_a_sentence_of_proof_never_stands_beside_a_stop(found: list[Finding]):
    record = a_record(verdict=Verdict(tuple(found)))

    assert ("Proved" in headline(record)) == (record.verdict.signal is not STOP) or "proves no" in headline(record)


def test_a_record_of_nothing_is_written_too():
    record = a_record(
        verdict=Verdict(),
        timeline=a_timeline(),
        target=None,
        plan=None,
        before=None,
        after=None,
        mapped_classes=None,
        asked_before=None,
        asked_after=None,
        seconds=0.0,
    )

    assert "No check reported, so nothing is proved." in as_text(record).replace("\n", " ")
    for write in (as_markdown, as_html, as_json, as_junit):
        assert write(record)
