"""Ringing a worker. The row in the store is the truth, so a ring that is lost or doubled does no harm."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def ring(task: str, id: int | str) -> bool:
    """Sends the message; false if the broker did not take it, in which case the sweeper rings again later."""
    try:
        current_app.send_task(task, args=[id], ignore_result=True)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("the broker did not take %s %s (%s); the sweeper rings again", task, id, type(error).__name__)
        return False
    return True
