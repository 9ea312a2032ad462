import pytest

from interlock.control.domain.errors import TooManyAttempts
from interlock.control.domain.sign_in import (
    ATTEMPTS_PER_ADDRESS,
    ATTEMPTS_PER_EMAIL,
    Attempts,
    Count,
    Subjects,
    check_attempts,
)


def attempts(*, for_email: int = 1, from_address: int = 1) -> Attempts:
    return Attempts(Count(for_email, 60), Count(from_address, 300))


def test_the_last_attempt_that_is_allowed_is_allowed():
    check_attempts(attempts(for_email=ATTEMPTS_PER_EMAIL, from_address=ATTEMPTS_PER_ADDRESS), is_known_address=False)


def test_one_attempt_too_many_for_an_email_address_must_wait():
    with pytest.raises(TooManyAttempts) as refused:
        check_attempts(attempts(for_email=ATTEMPTS_PER_EMAIL + 1), is_known_address=False)

    assert refused.value.retry_after_seconds == 60


def test_one_attempt_too_many_from_a_network_address_must_wait():
    with pytest.raises(TooManyAttempts) as refused:
        check_attempts(attempts(from_address=ATTEMPTS_PER_ADDRESS + 1), is_known_address=False)

    assert refused.value.retry_after_seconds == 300


def test_an_owner_at_a_known_address_does_not_pay_for_strangers():
    check_attempts(attempts(for_email=10**6), is_known_address=True)


def test_a_known_address_has_a_limit_of_its_own():
    with pytest.raises(TooManyAttempts):
        check_attempts(attempts(from_address=ATTEMPTS_PER_ADDRESS + 1), is_known_address=True)


def test_what_was_typed_does_not_show_in_the_name_that_is_counted():
    assert "hunter2" not in Subjects.of("hunter2", "10.0.0.1").email
