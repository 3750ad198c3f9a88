"""Whether the dashboard works: its store, its broker, its workers, its scheduler."""

from datetime import timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.db.models.functions import Now
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from config import broker
from jobs import health
from jobs.models import Worker

SEEN_WITHIN = timedelta(seconds=20)


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when everything works, else 503 with the failing parts named. Asks for no token and tells no secret."""
    facts: dict[str, Any] = {"database": _database(), "broker": broker.state(), "scheduler": "unknown", "workers": 0, "last_sweep_s": None}
    if facts["database"] == "ok":
        facts |= _life()
    failing = [name for name in ("database", "broker", "scheduler") if facts[name] != "ok"] + ([] if facts["workers"] else ["workers"])
    status = {"status": "failing", "failing": failing} if failing else {"status": "ok"}
    return JsonResponse(status | facts, status=503 if failing else 200)


def _life() -> dict[str, Any]:
    age = health.last_sweep_s()
    workers = Worker.objects.filter(seen_at__gt=Now() - SEEN_WITHIN).count()
    return {"scheduler": health.scheduler(age), "last_sweep_s": None if age is None else round(age), "workers": workers}


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"failing: {type(error).__name__}"
    return "ok"
