"""A worker sweeps when nobody else has for a while; of many workers one."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from jobs import health
from jobs.models import Pulse

pytestmark = pytest.mark.django_db


def test_is_silent_until_somebody_sweeps() -> None:
    assert health.is_silent(25)
    health.beat(health.SWEEP)
    assert not health.is_silent(25)
    Pulse.objects.filter(pk=health.SWEEP).update(seen_at=Now() - timedelta(seconds=26))
    assert health.is_silent(25)


def test_take_turn_is_given_to_one_until_its_time_is_over() -> None:
    assert [health.take_turn("stand-in", 10) for _ in range(3)] == [True, False, False]
    Pulse.objects.filter(pk="stand-in").update(seen_at=Now() - timedelta(seconds=11))
    assert [health.take_turn("stand-in", 10) for _ in range(2)] == [True, False]
