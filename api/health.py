"""Whether the dashboard works: its store, its broker, its workers."""

from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models.functions import Now
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from jobs.models import Worker

SEEN_WITHIN = timedelta(seconds=20)


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when everything works, else 503 with the failing part named. Asks for no token and tells no secret."""
    facts: dict[str, Any] = {"database": _database(), "broker": _broker(), "workers": 0}
    if facts["database"] == "ok":
        facts["workers"] = Worker.objects.filter(seen_at__gt=Now() - SEEN_WITHIN).count()
    failing = [name for name in ("database", "broker") if facts[name] != "ok"] + ([] if facts["workers"] else ["workers"])
    status = {"status": "failing", "failing": failing} if failing else {"status": "ok"}
    return JsonResponse(status | facts, status=503 if failing else 200)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"failing: {type(error).__name__}"
    return "ok"


def _broker() -> str:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        return f"failing: {type(error).__name__}"
    return "ok"
