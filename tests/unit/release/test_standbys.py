"""What is said of the standbys after a release."""

from interlock.postgres.standbys import Standby
from interlock.release.standbys import lag_findings, what_is_not_seen


def test_a_standby_that_is_behind_on_purpose_is_no_finding():
    hours_ago = Standby("archive", "10.0.0.7", 5_000_000, 7200.0)

    assert list(lag_findings([hours_ago])) == []
    assert list(what_is_not_seen([hours_ago])) == [
        "what readers of the standby archive (10.0.0.7) see: it is 120 min behind, as it was before the release"
    ]


def test_one_that_keeps_up_and_does_not_show_it_yet_is_one():
    moments_ago = Standby("reads", "10.0.0.8", 5_000_000, 9.0)

    [finding] = lag_findings([moments_ago])
    assert "the standby reads (10.0.0.8) is 5 MB behind" in finding.message
    assert list(what_is_not_seen([moments_ago, Standby("level", "", 0)])) == []
