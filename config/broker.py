"""Whether the broker answers."""

import time

import redis
from django.conf import settings

KEPT_SECONDS = 3.0
_last: tuple[float, str] = (float("-inf"), "")


def state(timeout: float = 1.0) -> str:
    """`ok`, or what is wrong in a few words that hold no secret."""
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=timeout, socket_connect_timeout=timeout) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        return f"failing: {type(error).__name__}"
    return "ok"


def recent_state() -> str:
    """The same for pages that ask again and again: no older than a few seconds, and soon told."""
    global _last  # noqa: PLW0603 one small fact for the whole process
    if time.monotonic() - _last[0] > KEPT_SECONDS:
        _last = (time.monotonic(), state(timeout=0.3))
    return _last[1]
