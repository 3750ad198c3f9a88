"""Pages are tested on the same real project as jobs, through a signed-in client."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Role, User
from environments import services as environments
from environments.models import Environment
from tests.jobs.conftest import add_database, admin, database, dev, project, root, run  # noqa: F401 fixtures of the shop project
from tests.support.sessions import signed_in


@pytest.fixture
def client(client: Client, admin: User) -> Client:  # noqa: F811 the fixture of that name
    return signed_in(admin, client=client)


@pytest.fixture
def viewer_client(db: None) -> Client:
    return signed_in(User.objects.create_user("vera", password="correct horse", role=Role.VIEWER))


@pytest.fixture
def add_environment(admin: User) -> Callable[..., Environment]:  # noqa: F811 the fixture of that name
    def add(slug: str, position: int, *, protected: bool = False) -> Environment:
        return environments.create_environment(
            user=admin, fields={"slug": slug, "name": slug, "position": position, "protected": protected}
        )

    return add
