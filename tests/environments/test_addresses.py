"""The address that was looked at is the address that is connected to, and only within the allowed networks."""

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from config.errors import Invalid
from environments import trial, version_table
from environments.errors import Unreachable

DRIVERS = ["postgresql+psycopg2", "postgresql+asyncpg", "mysql+pymysql"]
NAME = "rebinding.example.org"  # nobody's name server knows it


@pytest.fixture
def caught() -> Iterator[tuple[int, list[object]]]:
    """The port of something on this machine that listens, and whoever came."""
    listener, came = socket.create_server(("127.0.0.1", 0)), []

    def serve() -> None:
        while True:
            try:
                client, place = listener.accept()
            except OSError:
                return
            came.append(place)
            client.close()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], came
    listener.close()


@pytest.fixture
def rebinding(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A name that is harmless when it is looked up first, and leads to the metadata service from then on. Gives what was looked up."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: str, *rest: object, **more: object) -> list[tuple]:
        asked.append(host)
        if host != NAME:
            return real(host, *rest, **more)
        address = "127.0.0.1" if asked.count(NAME) == 1 else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def unreachable(database) -> Unreachable:
    with pytest.raises(Unreachable) as error:
        version_table.read(database)
    return error.value


@pytest.mark.parametrize("driver", ["postgresql+psycopg2", "mysql+pymysql"])
def test_reading_connects_to_the_address_that_was_looked_at(make_database: Callable, caught, rebinding: list[str], driver: str) -> None:
    """The driver could not find this name, so that somebody came proves that it was told the address."""
    port, came = caught
    unreachable(make_database(f"{driver}://u:p@{NAME}:{port}/d"))
    assert len(came) >= 1
    assert [host for host in rebinding if host == NAME] == [NAME], "it is looked up once"


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "::1"])
def test_reading_connects_to_nothing_outside_the_allowed_networks(
    make_database: Callable, caught, settings, driver: str, host: str
) -> None:
    """Also where the profile was made before the networks were restricted."""
    port, came = caught
    database = make_database(f"{driver}://u:p@{f'[{host}]' if ':' in host else host}:{port}/d")
    settings.ALLOWED_NETWORKS = [ipaddress.ip_network("10.0.0.0/8")]
    error = unreachable(database)
    assert error.code == "address_refused"
    assert "ALLOWED_NETWORKS" in str(error)
    findings = trial.run(database)
    assert [(finding.name, finding.passed) for finding in findings] == [("reachable", False)]
    assert came == []


def test_profile_outside_the_allowed_networks_is_not_taken(make_database: Callable, settings) -> None:
    settings.ALLOWED_NETWORKS = [ipaddress.ip_network("10.0.0.0/8")]
    with pytest.raises(Invalid, match="ALLOWED_NETWORKS"):
        make_database("postgresql://u:p@192.168.1.1/d")
    make_database("postgresql://u:p@10.1.1.1/d")
