"""What keeps a database from being read: each cause has its code, its sentence and its time limit, and no sentence holds a password."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

from config.embedded import free_port
from environments import causes, version_table
from environments.errors import Unreachable

CANARY = "s3cr3t-canary"
LIMIT = 10


def unreachable(database) -> Unreachable:
    begun = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        version_table.read(database)
    assert time.monotonic() - begun < LIMIT
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(caught.value.__cause__)
    return caught.value


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Something that listens and is no database."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            kept = []
            while True:
                try:
                    kept.append(listener.accept()[0])
                    answer(kept[-1])
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def test_connect_never_creates_an_sqlite_file(make_database, tmp_path: Path) -> None:
    path = tmp_path / "absent.db"
    error = unreachable(make_database(f"sqlite:///{path}"))
    assert error.code == "database_missing"
    assert str(path) in str(error)
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("no/such/place.db", "directory_missing", "does not exist"),
        ("text.db", "not_a_database", "not a database"),
        (".", "not_a_database", "directory"),
        ("text.db/below.db", "directory_missing", "not a directory"),
        ("pipe", "not_a_database", "device"),
        ("x" * 300, "database_missing", "cannot be opened"),
    ],
)
def test_connect_says_what_is_wrong_with_an_sqlite_path(make_database, tmp_path: Path, name: str, code: str, words: str) -> None:
    import os

    (tmp_path / "text.db").write_bytes(b"this is not a database " * 400)
    os.mkfifo(tmp_path / "pipe")
    error = unreachable(make_database(f"sqlite:///{tmp_path}/{name}"))
    assert error.code == code
    assert words in str(error)


def test_connect_reads_files_with_any_name(make_database, tmp_path: Path, write) -> None:
    path = tmp_path / "a b%20c#d?e&ü.db"
    write(path, "a1")
    escaped = str(path).replace("%", "%25").replace("?", "%3F")
    assert version_table.read(make_database(f"sqlite:///{escaped}")).rows == ["a1"]


@pytest.mark.parametrize("driver", ["postgresql+psycopg2", "mysql+pymysql"])
def test_connect_names_a_refused_connection(make_database, driver: str) -> None:
    port = free_port()
    error = unreachable(make_database(f"{driver}://u:{CANARY}@127.0.0.1:{port}/d"))
    assert error.code == "refused"
    assert f"127.0.0.1:{port}" in str(error)


@pytest.mark.parametrize("driver", ["postgresql+psycopg2", "mysql+pymysql"])
def test_connect_names_an_unknown_host(make_database, driver: str) -> None:
    error = unreachable(make_database(f"{driver}://u:{CANARY}@no-such-host.invalid/d"))
    assert error.code == "dns_failed"
    assert "no-such-host.invalid" in str(error)


@pytest.mark.parametrize("driver", ["postgresql+psycopg2", "mysql+pymysql"])
def test_connect_gives_up_on_silence(make_database, driver: str, settings) -> None:
    settings.CONNECT_TIMEOUT = settings.READ_TIMEOUT = 2
    with server(lambda _: None) as port:
        assert unreachable(make_database(f"{driver}://u:{CANARY}@127.0.0.1:{port}/d")).code == "timeout"


@pytest.mark.parametrize("driver", ["postgresql+psycopg2", "mysql+pymysql"])
@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\xff" * 40, b"N" * 3, b"\x01\x00\x00\x00\x0a"]
)
def test_connect_knows_what_is_no_database(make_database, driver: str, greeting: bytes, settings) -> None:
    settings.CONNECT_TIMEOUT = settings.READ_TIMEOUT = 2

    def answer(client: socket.socket) -> None:
        client.sendall(greeting)
        client.close()

    with server(answer) as port:
        error = unreachable(make_database(f"{driver}://u:{CANARY}@127.0.0.1:{port}/d"))
    assert error.code in ("wrong_protocol", "connection_lost")


def test_connect_refuses_a_name_that_leads_to_a_metadata_address(make_database, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert unreachable(make_database(f"postgresql://u:{CANARY}@innocent.example.org/d")).code == "address_refused"


def test_connect_gives_up_on_a_name_server(make_database, monkeypatch: pytest.MonkeyPatch, settings) -> None:
    settings.CONNECT_TIMEOUT = 1
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(3))
    error = unreachable(make_database(f"postgresql://u:{CANARY}@slow.example.org/d"))
    assert error.code == "dns_failed"
    assert "within 1 s" in str(error)


def test_connect_says_when_the_password_cannot_be_read(make_database) -> None:
    database = make_database(f"postgresql://u:{CANARY}@h/d")
    database.secret = "v1:00000000:AAAA"
    assert unreachable(database).code == "secret_unreadable"


@pytest.mark.postgresql
def test_connect_names_a_rejected_login(make_database, postgres) -> None:
    error = unreachable(make_database(postgres.url("postgres").replace(postgres.password, CANARY)))
    assert error.code == "login_rejected"
    assert "postgres" in str(error)


@pytest.mark.postgresql
@pytest.mark.parametrize("user", ["nobody_here", "nobody%20here%27%22"])
def test_connect_names_an_unknown_role(make_database, postgres, user: str) -> None:
    url = f"postgresql://{user}:{CANARY}@127.0.0.1:{postgres.port}/postgres"
    assert unreachable(make_database(url)).code == "login_rejected"


@pytest.mark.postgresql
def test_connect_names_a_missing_database(make_database, postgres) -> None:
    error = unreachable(make_database(postgres.url("not_there")))
    assert error.code == "database_missing"
    assert "not_there" in str(error)
    assert postgres.password not in str(error)


@pytest.mark.postgresql
def test_connect_names_a_server_without_tls(make_database, postgres) -> None:
    error = unreachable(make_database(postgres.url("postgres") + "?sslmode=require"))
    assert error.code == "tls_unavailable"


@pytest.mark.postgresql
def test_connect_names_too_many_connections(make_database, postgres, pg_sql) -> None:
    pg_sql(postgres.url(), f"CREATE ROLE crowded LOGIN CONNECTION LIMIT 1 PASSWORD '{CANARY}'")
    url = postgres.url("postgres").replace(postgres.password, CANARY).replace("postgres:", "crowded:", 1)
    with closing(psycopg2.connect(url.replace("+psycopg2", ""))):
        assert unreachable(make_database(url)).code == "too_many_connections"


@pytest.mark.postgresql
def test_connect_names_a_revoked_grant(make_database, postgres, pg_sql) -> None:
    postgres.create_database("closed")
    pg_sql(postgres.url(), "REVOKE CONNECT ON DATABASE closed FROM PUBLIC", f"CREATE ROLE outsider LOGIN PASSWORD '{CANARY}'")
    url = postgres.url("closed").replace(postgres.password, CANARY).replace("postgres:", "outsider:", 1)
    assert unreachable(make_database(url)).code == "not_permitted"


@pytest.mark.postgresql
def test_connect_leaves_no_session_behind(make_database, postgres) -> None:
    version_table.read(make_database(postgres.url("postgres")))
    with closing(psycopg2.connect(postgres.url().replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        time.sleep(0.2)
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'alembic-dashboard reader'")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("spelling", ["p@ss word", "p%40ss%20word", "p%40ss+word"])
def test_scrubbed_hides_every_spelling_of_the_password(spelling: str) -> None:
    assert causes.scrubbed(f"login with {spelling} failed", "p@ss word") == "login with *** failed"


def test_scrubbed_gives_one_short_line_of_plain_text() -> None:
    text = causes.scrubbed("one\n\x1b[31mtwo\x00 \u202ethree " + "x" * 1000, "")
    assert "\n" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text) <= causes.SHOWN
