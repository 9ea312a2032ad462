from hypothesis import given
from hypothesis import strategies as st

from interlock.verdict.finding import Check, Finding, Signal
from interlock.verdict.judge import Verdict, judge

findings = st.builds(Finding, st.sampled_from(Check), st.sampled_from(Signal), st.text())
verdicts = st.builds(Verdict, st.lists(findings).map(tuple))


@given(verdicts, verdicts)
def test_more_evidence_never_improves_a_verdict(verdict: Verdict, more: Verdict):
    assert (verdict + more).signal >= verdict.signal


def test_a_required_check_that_did_not_report_is_stop():
    verdict = judge({Check.CONNECT: ()}, required=[Check.CONNECT, Check.VERIFY_AFTER])

    assert verdict.signal is Signal.STOP
    assert [finding.check for finding in verdict.findings] == [Check.VERIFY_AFTER]


def test_checks_that_found_nothing_are_clear():
    assert judge({Check.CONNECT: (), Check.APPLY: ()}, required=[Check.CONNECT, Check.APPLY]).signal is Signal.CLEAR


def test_the_worst_finding_comes_first():
    caution, stop = (Finding(Check.MODELS, signal, "") for signal in (Signal.CAUTION, Signal.STOP))

    assert Verdict((caution, stop)).worst_first == (stop, caution)
