"""The same on MariaDB, where one is installed: `apt install mariadb-server-core`. Nothing else stands in for it."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pymysql
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from environments import connections, trial, version_table
from environments.errors import Unreachable
from tests.support.mariadb import MariaDB

CANARY = "s3cr3t-canary"
NASTY = ['a"b', "a'b", "a`b", "a;b", "a b", "%s", "%(x)s", ":name", "Select", "a.b", "ключ", "a\\b"]
Sql = Callable[..., None]


@pytest.fixture
def server(mariadb: MariaDB) -> int:
    """The port of a MariaDB that is ours alone."""
    return mariadb.port


@pytest.fixture
def sql(server: int) -> Iterator[Sql]:
    """Runs statements as root. The database `shop` and its user are fresh for each test."""
    with closing(pymysql.connect(host="127.0.0.1", port=server, user="root", autocommit=True)) as connection:

        def run(*statements: str) -> None:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

        run("DROP DATABASE IF EXISTS shop", "CREATE DATABASE shop", "USE shop", "DROP USER IF EXISTS reader@'%'")
        run(f"CREATE USER reader@'%' IDENTIFIED BY '{CANARY}'", "GRANT ALL ON shop.* TO reader@'%'")
        yield run


@pytest.fixture
def url(server: int, sql: Sql) -> str:
    return f"mysql+pymysql://reader:{CANARY}@127.0.0.1:{server}/shop"


def code_of(database) -> str:
    with pytest.raises(Unreachable) as caught:
        version_table.read(database)
    assert CANARY not in str(caught.value)
    return caught.value.code


def test_read_tells_rows_server_and_identity(make_database, url: str, sql: Sql, server: int) -> None:
    assert version_table.read(make_database(url)).rows is None
    sql("CREATE TABLE alembic_version (version_num varchar(32))", "INSERT INTO alembic_version VALUES ('a1')")
    reading = version_table.read(make_database(url.replace("mysql+pymysql", "mariadb+asyncmy")))
    assert reading.rows == ["a1"]
    assert reading.server.startswith("MariaDB 1")
    assert reading.identity["database"] == "shop"
    assert f":{server}:" in reading.identity["server"]


@pytest.mark.parametrize("name", NASTY)
def test_read_quotes_the_name_of_the_table(make_database, url: str, sql: Sql, name: str) -> None:
    quoted = "`" + name.replace("`", "``") + "`"
    sql(f"CREATE TABLE {quoted} (version_num varchar(32))", f"INSERT INTO {quoted} VALUES ('a1')")
    assert version_table.read(make_database(url, version_table=name)).rows == ["a1"]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE more (id int)",
        "ALTER TABLE people ADD age int",
        "ALTER TABLE people MODIFY name varchar(20)",
        "CREATE INDEX i ON people (name)",
        "ALTER TABLE people ADD CONSTRAINT c CHECK (id > 0)",
        "CREATE VIEW names AS SELECT name FROM people",
        "CREATE TRIGGER t BEFORE INSERT ON people FOR EACH ROW SET NEW.name = 'x'",
        "CREATE PROCEDURE p() SELECT 1",
        "DROP TABLE people",
    ],
)
def test_read_sees_every_change_of_the_schema(make_database, url: str, sql: Sql, statement: str) -> None:
    sql("CREATE TABLE people (id int PRIMARY KEY, name varchar(9))")
    database = make_database(url)
    before = version_table.read(database).fingerprint
    sql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)", "INSERT INTO people VALUES (1, 'x')")
    assert version_table.read(database).fingerprint == before
    sql(statement)
    assert version_table.read(database).fingerprint != before


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (CANARY, CANARY[::-1], "login_rejected"),
        ("/shop", "/none", "not_permitted"),
        ("/shop", "/shop?ssl_verify_cert=true", "tls_unavailable"),
    ],
)
def test_connect_names_the_cause(make_database, url: str, before: str, after: str, code: str) -> None:
    assert code_of(make_database(url.replace(before, after))) == code


def test_connect_names_a_missing_database(make_database, server: int, sql: Sql) -> None:
    assert code_of(make_database(f"mysql://root@127.0.0.1:{server}/none")) == "database_missing"


def test_connect_names_an_expired_password(make_database, url: str, sql: Sql) -> None:
    sql("ALTER USER reader@'%' PASSWORD EXPIRE")
    assert code_of(make_database(url)) == "login_rejected"


def test_read_says_when_the_table_may_not_be_read(make_database, url: str, sql: Sql) -> None:
    sql("CREATE TABLE alembic_version (version_num varchar(32))", "CREATE TABLE other (id int)")
    sql("REVOKE ALL ON shop.* FROM reader@'%'", "GRANT SELECT ON shop.other TO reader@'%'")
    assert code_of(make_database(url)) == "not_permitted"


def test_read_does_not_wait_long_for_a_locked_table(make_database, url: str, sql: Sql) -> None:
    sql("CREATE TABLE alembic_version (version_num varchar(32))", "LOCK TABLES alembic_version WRITE")
    assert code_of(make_database(url)) == "locked"
    sql("UNLOCK TABLES")


def test_connect_cannot_write(make_database, url: str) -> None:
    with pytest.raises(OperationalError, match="READ ONLY"), connections.connect(make_database(url)) as connection:
        connection.execute(text("CREATE TABLE written (id int)"))


def test_run_finds_whether_the_table_can_be_created(make_database, url: str, sql: Sql) -> None:
    assert all(finding.passed for finding in trial.run(make_database(url)))
    sql("REVOKE ALL ON shop.* FROM reader@'%'", "GRANT SELECT ON shop.* TO reader@'%'")
    assert [finding.name for finding in trial.run(make_database(url)) if not finding.passed] == ["create"]
