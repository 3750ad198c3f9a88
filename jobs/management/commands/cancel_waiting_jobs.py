"""`manage.py cancel_waiting_jobs`: for after a restore, before the workers are started."""

from typing import Any

from django.core.management.base import BaseCommand

from jobs import restored


class Command(BaseCommand):
    help = "Cancels every job that waits for its turn or for approval. Run it after restoring a backup, before the workers start."

    def handle(self, **_: Any) -> None:
        self.stdout.write(f"{restored.cancel_waiting()} jobs canceled.")
