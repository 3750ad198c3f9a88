"""`manage.py rotate_credentials`: encrypts passwords, secrets of channels, and what is pushed with, under the newest of CREDENTIAL_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.errors import Refused
from environments import secrets
from migrations_store import credentials
from notices import rotation


class Command(BaseCommand):
    help = (
        "Encrypts every kept database password, every channel's address and secret, and what projects push with, under the newest key of "
        "CREDENTIAL_KEYS. "
        "It may be interrupted and run again. Drop the old key only after it says that none is left."
    )

    def handle(self, **_: Any) -> None:
        try:
            done = secrets.rotate_all()
        except Refused as refused:
            raise CommandError(str(refused)) from None
        rotated, current, left = done.rotated, done.current, list(done.unreadable)
        for one in (rotation.rotate_all(), credentials.rotate_all()):
            rotated, current, left = rotated + one[0], current + one[1], left + one[2]
        counts = f"{rotated} encrypted anew, {current} already under the newest key, {len(left)} left."
        self.stdout.write(counts)
        if left:
            raise CommandError(f"These could not be read, so keep the old keys or type their passwords again: {', '.join(left)}")
        self.stdout.write("None is left under an older key: the older keys may go.")
