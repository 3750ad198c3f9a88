"""Attempts to sign in: a few are free, then they wait, by name and by address."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import attempts
from accounts.errors import TooManyAttempts
from accounts.models import SignInAttempt

pytestmark = pytest.mark.django_db


def fail(times: int, name: str = "ada", address: str = "10.0.0.1") -> None:
    for _ in range(times):
        attempts.begin(name, address)


def wait(name: str = "ada", address: str = "10.0.0.1") -> int:
    with pytest.raises(TooManyAttempts) as caught:
        attempts.begin(name, address)
    return caught.value.wait


def grow_older(seconds: float) -> None:
    for attempt in SignInAttempt.objects.all():
        SignInAttempt.objects.filter(pk=attempt.pk).update(at=attempt.at - timedelta(seconds=seconds))


def test_first_attempts_are_free_and_then_one_waits() -> None:
    fail(5)
    grow_older(-10)  # seen from then, the wait of a second has not begun to pass
    assert 10 <= wait() <= 12


def test_each_wait_is_longer_up_to_a_minute() -> None:
    fail(5)
    for expected in (1, 2, 4, 8, 16, 32, 60, 60, 60):
        grow_older(-10)  # a busy machine may take a while between two calls
        assert expected <= wait() - 5 <= expected + 6
        grow_older(71)
        fail(1)


def test_waiting_does_not_count_as_an_attempt() -> None:
    fail(5)
    for _ in range(6):  # until the wait is so long that a busy machine does not sit it out
        grow_older(61)
        fail(1)
    assert {wait() for _ in range(20)} <= set(range(40, 62))
    grow_older(61)
    fail(1)


def test_nothing_is_left_of_what_is_older_than_the_window() -> None:
    fail(5)
    grow_older(attempts.WINDOW.total_seconds() + 1)
    fail(5)
    assert SignInAttempt.objects.count() == 15


def test_name_is_counted_however_it_is_written() -> None:
    fail(5)
    grow_older(-10)
    for name in ("ADA", " ada", "ada\t", "\uff41da", " \uff21\uff24\uff21\u00a0"):  # the form takes all of them for ada
        assert wait(name) > 0


def test_other_names_and_other_addresses_do_not_wait() -> None:
    fail(5)
    fail(1, name="bob")
    fail(1, address="10.0.0.2")


def test_one_address_with_many_names_waits_and_one_name_from_many_addresses() -> None:
    for number in range(50):
        fail(1, name=f"name-{number}")
        fail(1, name="eve", address=f"10.1.0.{number}")
    grow_older(-10)
    assert wait("new name") > 0
    assert wait("eve", "10.2.0.1") > 0
    fail(1, "new name", "10.2.0.1")


def test_success_begins_anew_for_the_name_and_not_for_the_address() -> None:
    fail(5)
    attempts.succeeded("ada", "10.0.0.1")
    fail(5)
    assert SignInAttempt.objects.count() == 20, "ten of the address, five of the name, five of both"


def test_nothing_that_was_typed_is_kept() -> None:
    fail(1, name="my-password-in-the-wrong-field")
    kept = list(SignInAttempt.objects.values_list("key", flat=True))
    assert [len(key) for key in kept] == [64, 64, 64]
    assert all(abs(attempt.at - timezone.now()) < timedelta(minutes=1) for attempt in SignInAttempt.objects.all())


@pytest.mark.parametrize("name", ["", "x" * 100_000, "é\u202e\ud800", "a\nb"])
def test_any_text_is_a_name(name: str) -> None:
    fail(1, name=name)
