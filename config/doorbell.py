"""Ringing a worker. The row in the store is the truth, so a ring that is lost or doubled does no harm."""

import logging
import time

from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
# Workers wait long on their connections; a request must not.
# A request may ring more than once, and a broker that has just not answered will not do so a moment later either.
PAUSE_SECONDS = 1.5
_silent_until = 0.0
PATIENCE = {"socket_timeout": 0.6, "socket_connect_timeout": 0.6, "max_retries": 1, "interval_start": 0.1, "interval_step": 0.0}


def ring(task: str, id: int | str) -> bool:
    """Sends the message by the task's name; false if the broker did not take it: the scheduler comes to the same work later."""
    global _silent_until  # noqa: PLW0603 one small fact for the whole process
    if time.monotonic() < _silent_until:
        return False
    try:
        with current_app.connection_for_write(transport_options=current_app.conf.broker_transport_options | PATIENCE) as broker:
            current_app.send_task(task, args=[id], ignore_result=True, retry=False, connection=broker)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("the broker did not take %s %s (%s); the scheduler comes to it", task, id, type(error).__name__)
        _silent_until = time.monotonic() + PAUSE_SECONDS
        return False
    return True
