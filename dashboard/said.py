"""Results of the reader's own actions: shown once where they were asked for, and kept for the session, as a toast is soon gone."""

from datetime import datetime
from typing import Any

from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

KEPT = 20
KEY = "said"


class Storage(FallbackStorage):
    """Django's, which remembers what it was given."""

    def add(self, level: int, message: Any, extra_tags: str | None = "") -> None:
        super().add(level, message, extra_tags)
        said = {"at": timezone.now().isoformat(), "level": level, "text": str(message), "language": get_language()}
        self.request.session[KEY] = [said, *self.request.session.get(KEY, [])][:KEPT]


def kept(request: HttpRequest) -> list[dict[str, Any]]:
    """`at`, `level`, `text` and the `language` it was said in of each, the newest first."""
    return [one | {"at": datetime.fromisoformat(one["at"])} for one in request.session.get(KEY, [])]
