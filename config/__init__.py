"""Settings, URLs, the Celery application, and the processes of one machine."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
