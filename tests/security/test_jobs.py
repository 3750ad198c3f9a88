"""What a job may not do because of what was restricted after it was asked for."""

import ipaddress

import pytest

from accounts.models import User
from environments import services as environments
from environments.models import Database, Environment
from jobs import execution, services
from migrations_store.models import Project
from tests.support.targets import Target


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_job_on_a_server_outside_the_allowed_networks_never_connects(postgres, settings, admin: User, project: Project, dev: Environment):
    url = postgres.create_database("outside")
    fields = {"project": "shop", "environment": "dev", "name": "", "url": url}
    database = environments.create_database(user=admin, fields=fields)
    environments.check_database_now(database)
    job = services.request_job(Database.objects.get(), user=admin, command="upgrade", revision="head")
    settings.ALLOWED_NETWORKS = [ipaddress.ip_network("10.0.0.0/8")]
    execution.execute(job.pk)
    job.refresh_from_db()
    assert job.status in ("failed", "unknown")
    assert "ALLOWED_NETWORKS" in str(job.error)
    assert Target.postgresql(url).tables == []
    settings.ALLOWED_NETWORKS = []
    postgres.drop_database("outside")
