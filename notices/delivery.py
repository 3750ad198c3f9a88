"""Sending what waits: claimed by compare-and-set, tried again with growing pauses, given up after a day, and never anybody's failure."""

import logging
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone, translation

from config.errors import Refused
from notices.models import Delivery
from notices.sending import language_of, send

logger = logging.getLogger(__name__)
PAUSES = [timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=3), timedelta(hours=6)]
GIVE_UP = timedelta(hours=24)
KEPT = timedelta(days=30)
AT_ONCE = 8
BATCH = 64


def deliver() -> int:
    """Tries everything that is due; how much arrived. Several workers may be at it: each message is claimed once."""
    due = Delivery.objects.filter(next_at__lte=timezone.now()).select_related("channel").order_by("next_at")[:BATCH]
    claimed = [delivery for delivery in due if claim(delivery)]
    arrived = 0
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="notices") as pool:
        waiting = {pool.submit(_try, delivery, language_of(delivery.channel)): delivery for delivery in claimed}
        for future in as_completed(waiting):
            arrived += keep(waiting[future], future.result())
    Delivery.objects.filter(next_at=None, created_at__lt=timezone.now() - KEPT).delete()
    return arrived


def claim(delivery: Delivery) -> bool:
    """Moves the next try on before this one begins: whoever comes second finds another time, and what a dead worker held is tried again."""
    now = timezone.now()
    later = _next(delivery, now)
    row = Delivery.objects.filter(pk=delivery.pk, next_at=delivery.next_at, attempts=delivery.attempts)
    taken = row.update(next_at=later, attempts=F("attempts") + 1, tried_at=now, error="It was tried and has not answered yet.")
    delivery.next_at = later
    return bool(taken)


def keep(delivery: Delivery, error: str) -> bool:
    """Writes down how the try ended. Only while it is still the last one: a slow try must not undo what a later one has found."""
    row = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts + 1)
    if error:
        row.update(error=error)
    else:
        row.update(done_at=timezone.now(), next_at=None, error="")
    return not error


def _try(delivery: Delivery, language: str) -> str:
    """What went wrong, "" for nothing. In a thread of its own, so it touches no store."""
    if not delivery.channel.enabled:
        return "The channel is switched off."
    try:
        with translation.override(language):
            send(delivery)
    except Refused as refused:
        return str(refused)[:500]
    except Exception as error:  # the boundary of one message: what breaks there must not keep the others
        logger.exception("delivery %s broke", delivery.pk)
        return f"It broke here ({type(error).__name__}); the log of the worker says where."
    return ""


def _next(delivery: Delivery, now: datetime) -> datetime | None:
    """None once a day has passed: the try that begins now is the last one."""
    later = now + PAUSES[min(delivery.attempts, len(PAUSES) - 1)]
    return later if later <= delivery.created_at + GIVE_UP else None
