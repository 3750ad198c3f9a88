"""What a living worker tells of itself."""

import pytest
from django.db.models.functions import Now

from accounts.models import User
from jobs import health, isolation
from jobs.models import Worker

pytestmark = pytest.mark.django_db


def test_the_page_of_the_environments_says_how_code_is_run(admin: User, client, settings) -> None:
    settings.RUNNER_USER = "no-such-user"
    Worker.objects.create(pk="jobs@here", queues="jobs", isolation=isolation.sentence(), seen_at=Now())
    settings.RUNNER_USER = ""
    Worker.objects.create(pk="jobs@there", queues="jobs", isolation=isolation.sentence(), seen_at=Now())
    client.force_login(admin)
    page = client.get("/settings/environments/").content.decode()
    assert len(health.isolation()) == 2
    assert "this machine has no such user" in page
    assert "own user" in page
