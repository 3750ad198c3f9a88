"""An error as a card for people: what happened, why most often, what to do, safest first."""

from typing import Any


def explain(error: dict[str, Any] | None, exit_info: Any, log_tail: str, *, place: str, database_state: str = "") -> dict[str, Any]:
    """First form; the catalogue follows."""
    return {"code": str((error or {}).get("code", "failed")), "title": f"The job on {place} failed", "why": str((error or {}).get("message", "")) or f"The process ended with {exit_info.returncode}.", "next": ["Read the log."], "detail": str((error or {}).get("message", ""))}
