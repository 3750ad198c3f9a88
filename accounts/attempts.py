"""Attempts to sign in: a few are free, then each has to wait longer than the one before."""

import hashlib
import unicodedata
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.errors import TooManyAttempts
from accounts.models import SignInAttempt

WINDOW = timedelta(minutes=15)
LONGEST_WAIT = 60
# How many are free within the window: of one name from one address, from one address, and of one name from anywhere. The last two are
# generous, so that a stranger can neither lock somebody out nor everybody who comes through the same proxy.
FREE = {"both": 5, "address": 50, "name": 50}


def begin(name: str, address: str) -> None:
    """Counts one attempt, before the password is looked at, so that trying many at once gains little. Raises TooManyAttempts."""
    now, keys = timezone.now(), _keys(name, address)
    with transaction.atomic():
        wait = max(_wait(keys[kind], FREE[kind]) for kind in FREE)
        if wait > 0:
            raise TooManyAttempts(wait)
        SignInAttempt.objects.filter(at__lt=now - WINDOW).delete()
        SignInAttempt.objects.bulk_create(SignInAttempt(key=key, at=now) for key in keys.values())


def succeeded(name: str, address: str) -> None:
    """Whoever knows the password begins anew; what came from the address with other names stays."""
    keys = _keys(name, address)
    SignInAttempt.objects.filter(key__in=(keys["both"], keys["name"])).delete()


def _wait(key: str, free: int) -> int:
    """Seconds from now until the next attempt is looked at."""
    now = timezone.now()
    times = list(SignInAttempt.objects.filter(key=key, at__gte=now - WINDOW).order_by("-at").values_list("at", flat=True)[: free + 10])
    if len(times) < free:
        return 0
    due = times[0] + timedelta(seconds=min(2 ** (len(times) - free), LONGEST_WAIT))
    return max(0, int((due - now).total_seconds()) + 1) if due > now else 0


def _keys(name: str, address: str) -> dict[str, str]:
    """Hashes: what was typed as a name may be a password. Whatever the form of signing in takes for the same name is the same here."""
    name = unicodedata.normalize("NFKC", name.strip()).strip().lower()
    texts = {"both": f"both {address} {name}", "address": f"address {address}", "name": f"name {name}"}
    return {kind: hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest() for kind, text in texts.items()}
