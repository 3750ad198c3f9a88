"""Pages are tested on the same real project as jobs, through a signed-in client."""

import pytest
from django.test import Client

from accounts.models import Role, User
from tests.jobs.conftest import (  # noqa: F401 fixtures of the shop project
    add_database,
    add_environment,
    admin,
    database,
    dev,
    project,
    root,
    run,
)
from tests.support.sessions import signed_in


@pytest.fixture
def client(client: Client, admin: User) -> Client:  # noqa: F811 the fixture of that name
    return signed_in(admin, client=client)


@pytest.fixture
def viewer_client(db: None) -> Client:
    return signed_in(User.objects.create_user("vera", password="correct horse", role=Role.VIEWER))
