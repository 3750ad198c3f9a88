"""Times as the API tells them."""

from datetime import UTC, datetime


def shown(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat() if moment else None
