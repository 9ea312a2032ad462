"""What is told of a failure in a project's code."""

import pytest

from interlock.chain.channel import message_of
from interlock.chain.failures import Failure, ProjectFailed


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("formatters"), "KeyError: 'formatters'"),
        (AssertionError(), "AssertionError"),
        (SystemExit(1), "it called sys.exit(1)"),
        (ValueError("the first line\nthe second"), "the first line"),
        (OSError(), "OSError"),
    ],
)
def test_what_an_error_says_is_told_so_that_it_says_something(error: BaseException, told: str):
    assert message_of(error) == told


@pytest.mark.parametrize(
    ("failure", "setting"),
    [
        (Failure("CommandError", "Path doesn't exist: migrations.  Please use the 'init' command"), "script_location"),
        (Failure("FeatureNotSupported", 'extension "postgis" is not available', "0A000"), "INTERLOCK_SCRATCH_URL"),
        (Failure("ProgrammingError", 'relation "users" does not exist', sqlstate="42P01"), "[project] foundation"),
    ],
)
def test_the_setting_that_helps_is_named(failure: Failure, setting: str):
    assert setting in ProjectFailed("reading the chain", failure).remedy
