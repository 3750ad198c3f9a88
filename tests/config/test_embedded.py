"""The embedded servers, as users of them see them."""

import os
import signal
import stat

import psycopg2
import pytest
import redis

from config import embedded
from config.embedded import CannotStart, EmbeddedPostgres, EmbeddedValkey


def query(url: str, statement: str) -> object:
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    try:
        cursor = connection.cursor()
        cursor.execute(statement)
        row = cursor.fetchone()
        return row and row[0]
    finally:
        connection.close()


def test_valkey_keeps_data(tmp_path):
    with EmbeddedValkey(tmp_path / "valkey") as first, redis.from_url(first.url()) as client:
        client.set("a", "1")
    with EmbeddedValkey(tmp_path / "valkey") as second, redis.from_url(second.url()) as client:
        assert client.get("a") == b"1"


def test_valkey_writes_nothing_while_it_runs(tmp_path):
    """A disk that is full, or of which it may write nothing, must not make it refuse what keeps the workers alive."""
    with EmbeddedValkey(tmp_path / "valkey") as server, redis.from_url(server.url()) as client:
        client.rpush("jobs", "1")
        assert [path.name for path in server.directory.iterdir()] == ["log"]
        assert client.config_get("save", "appendonly") == {"save": "", "appendonly": "no"}


def test_valkey_ends_where_it_cannot_keep_its_data(tmp_path):
    with EmbeddedValkey(tmp_path / "valkey") as server, redis.from_url(server.url()) as client:
        client.set("a", "1")
        (tmp_path / "valkey/dump.rdb").mkdir()
        process = server.process
    assert process.returncode == 0


def test_valkey_socket_is_private(tmp_path):
    with EmbeddedValkey(tmp_path / "valkey") as server:
        directory = server.socket.parent
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert not directory.exists()


def test_valkey_comes_back_at_same_url(tmp_path):
    with EmbeddedValkey(tmp_path / "valkey") as server:
        url = server.url()
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        assert not server.is_running()
        server.start()
        assert server.url() == url


def test_valkey_that_failed_to_come_back_is_found_where_it_was(tmp_path):
    with EmbeddedValkey(tmp_path / "valkey") as server:
        url = server.url()
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        kept = tmp_path / "valkey/dump.rdb"
        kept.write_text("this is no dump")
        with pytest.raises(CannotStart, match="Valkey ended with"):
            server.start()
        kept.unlink()
        server.start()
        assert server.url() == url


def test_valkey_survives_long_directory(tmp_path):
    directory = tmp_path / ("d" * 120)
    with EmbeddedValkey(directory) as server:
        assert len(str(server.socket)) < 108


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres") / "server", durable=False) as server:
        yield server


@pytest.mark.postgresql
def test_postgres_creates_and_drops_database(postgres):
    url = postgres.create_database("odd name")
    assert query(url, "SELECT current_database()") == "odd name"
    postgres.drop_database("odd name")
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        query(url, "SELECT 1")


@pytest.mark.postgresql
def test_postgres_wants_password(postgres):
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        query(postgres.url().replace(postgres.password, "wrong"), "SELECT 1")


@pytest.mark.postgresql
def test_postgres_files_are_private(postgres):
    assert stat.S_IMODE((postgres.directory / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(postgres.data.stat().st_mode) == 0o700


@pytest.mark.postgresql
def test_postgres_restart_keeps_data_and_port(tmp_path):
    with EmbeddedPostgres(tmp_path / "pg", durable=False) as first:
        url = first.create_database("kept")
    with EmbeddedPostgres(tmp_path / "pg", durable=False) as second:
        assert second.url("kept") == url
        assert query(url, "SELECT 1") == 1


@pytest.mark.postgresql
def test_postgres_takes_over_after_kill(tmp_path):
    with EmbeddedPostgres(tmp_path / "pg", durable=False) as first:
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()
        with EmbeddedPostgres(tmp_path / "pg", durable=False) as second:
            assert query(second.url(), "SELECT 1") == 1


@pytest.mark.postgresql
def test_postgres_forgets_pid_of_another_program(tmp_path):
    server = EmbeddedPostgres(tmp_path / "pg", durable=False)
    server.initialise()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")
    with server:
        assert query(server.url(), "SELECT 1") == 1


@pytest.mark.postgresql
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")
def test_postgres_runs_without_user_namespaces(tmp_path, monkeypatch):
    works = embedded.works
    monkeypatch.setattr(embedded, "works", lambda prefix: prefix[0] != "unshare" and works(prefix))
    with EmbeddedPostgres(tmp_path / "pg", durable=False) as server:
        assert query(server.url(), "SELECT 1") == 1


def test_missing_package_is_a_sentence():
    with pytest.raises(CannotStart, match="package no_such_package is not installed"):
        embedded.binary("no_such_package", "bin/*")


@pytest.mark.postgresql
def test_broken_data_directory_is_a_sentence(tmp_path):
    server = EmbeddedPostgres(tmp_path / "pg", durable=False)
    server.initialise()
    (server.data / "postgresql.conf").write_text("nonsense = = 1\n")
    with pytest.raises(CannotStart, match="PostgreSQL ended with 1 while starting"):
        server.start()
