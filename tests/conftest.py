"""What every test stands on: a private data directory, a real broker, and a real PostgreSQL for those who ask.

Settings read the environment once, and the conftest files below this one import models: so both are done here, at import.
"""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest

SCRATCH = Path(tempfile.mkdtemp(prefix="dashboard-tests-"))
for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "CREDENTIAL_KEYS", "HTTPS", "DEBUG", "ALLOWED_HOSTS", "LOG_LEVEL"):
    os.environ.pop(name, None)
OURS = {"DATA_DIR": str(SCRATCH), "DJANGO_SETTINGS_MODULE": "config.settings", "REDIS_URL": f"unix://{SCRATCH}/valkey.sock"}
os.environ |= OURS

django.setup()

SERVERS = ("autogenerate", "browser", "integration")

pytest_plugins = ["tests.support.figures", "tests.support.lateness"]

from config.embedded import EmbeddedPostgres, EmbeddedValkey  # noqa: E402 the environment comes first
from tests.support.mariadb import MariaDB  # noqa: E402 as above


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Each process of a parallel run has a directory and a broker of its own; settings that it inherits would be read before it has."""
    for name in OURS:
        os.environ.pop(name, None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The tests of one file stay together; those of one server do in one process too: it takes longer to start than most of them."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            folder = path.rpartition("/")[0]
            return folder if folder.rpartition("/")[2] in SERVERS else path

    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with the longest tests come first, so that a parallel run does not end with one process at work and the others idle."""
    marks = ("timeout", "slow", "real")  # a limit of its own is asked for by what takes longest
    rank: dict[Path, int] = {}
    for item in items:
        found = next((place for place, mark in enumerate(marks) if item.get_closest_marker(mark)), len(marks))
        rank[item.path] = min(found, rank.get(item.path, found))
    items.sort(key=lambda item: rank[item.path])


def pytest_collection_finish() -> None:
    """What is imported stays: the collector of garbage need not look through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    shutil.rmtree(SCRATCH, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def valkey() -> Iterator[EmbeddedValkey]:
    """Takes the messages; no worker reads them, unless a test starts one."""
    server = EmbeddedValkey(SCRATCH / "valkey")
    server.socket_directory = SCRATCH
    with server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(SCRATCH / "postgres", durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    with MariaDB(SCRATCH / "mariadb") as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def tables_can_be_emptied() -> None:
    """The store refuses to remove what was recorded; between tests that commit, it has to go all the same."""
    from django.test import TransactionTestCase

    from audit import protection

    emptied = TransactionTestCase._fixture_teardown

    def empty(self: TransactionTestCase) -> None:
        with protection.removed():
            emptied(self)

    TransactionTestCase._fixture_teardown = empty


@pytest.fixture(scope="session", autouse=True)
def no_permissions_of_models() -> None:
    """Django makes rows for them after each emptying of the store; nothing here asks for one."""
    from django.contrib.contenttypes.management import create_contenttypes
    from django.db.models.signals import post_migrate

    assert post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    assert post_migrate.disconnect(create_contenttypes)


@pytest.fixture(scope="session", autouse=True)
def plain_static_files() -> None:
    """Pages are rendered without a collected, hashed copy of the static files."""
    from django.conf import settings

    settings.STATIC_ROOT.mkdir(exist_ok=True)
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@pytest.fixture(autouse=True)
def fresh_look_at_the_broker() -> None:
    """What a process has just seen of the broker it believes for some seconds: not from one test to the next."""
    from config import broker, doorbell

    broker._last = (float("-inf"), "")
    doorbell._silent_until = 0.0


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """Hashing is slow on purpose, and is Django's to test."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
