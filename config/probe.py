"""Asks a dashboard on this machine whether it serves: `python -m config.probe [PORT]` ends with 0 or 1 (container health checks)."""

import http.client
import json
import sys
from typing import Any

from config import env


def health(port: int) -> dict[str, Any] | None:
    """What /healthz answers; None if nobody answers or something else than a dashboard does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": allowed_host()})
        answer = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else None


def is_serving(port: int) -> bool:
    """Whether every part works and a worker answers."""
    answer = health(port)
    return answer is not None and answer.get("status") == "ok" and answer.get("workers", 0) >= 1


def allowed_host() -> str:
    """A name that the dashboard answers to, whichever names it was given."""
    names = env.words("ALLOWED_HOSTS", "127.0.0.1")
    return "127.0.0.1" if "*" in names else names[0].lstrip(".")


if __name__ == "__main__":
    sys.exit(0 if is_serving(int(sys.argv[1]) if sys.argv[1:] else 8000) else 1)
