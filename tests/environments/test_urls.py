"""URLs: what is taken, what is refused and with which words, and that a password never comes back."""

from pathlib import Path

import pytest
from django.conf import settings
from sqlalchemy.engine import make_url

from environments import urls
from environments.errors import BadUrl

CANARY = "s3cr3t-canary"
PG = f"postgresql://reader:{CANARY}@db.example.org/shop"

BAD = {
    "empty": "",
    "blanks": "   ",
    "not text": 7,
    "a list": [PG],
    "nothing": None,
    "not a URL": f"reader {CANARY}",
    "unknown dialect": f"oracle://u:{CANARY}@h/d",
    "unknown driver": f"postgresql+odbc://u:{CANARY}@h/d",
    "driver of another dialect": f"mysql+psycopg2://u:{CANARY}@h/d",
    "too long": f"postgresql://u:{CANARY * 400}@h/d",
    "port is text": f"postgresql://u:{CANARY}@h:x/d",
    "port 0": f"postgresql://u:{CANARY}@h:0/d",
    "port 99999": f"postgresql://u:{CANARY}@h:99999/d",
    "port is empty": f"postgresql://u:{CANARY}@h:/d",
    "IPv6 without brackets": f"postgresql://u:{CANARY}@::1/d",
    "raw @ in the password": f"postgresql://u:{CANARY}@x@h/d",
    "line break in the password": f"postgresql://u:{CANARY}\n@h/d",
    "escaped line break in the password": f"postgresql://u:{CANARY}%0A@h/d",
    "escaped NUL in the password": f"postgresql://u:{CANARY}%00@h/d",
    "NUL": f"postgresql://u:{CANARY}@h/d\0",
    "line break in the host": f"postgresql://u:{CANARY}@h\r\nx/d",
    "password in the query": f"postgresql://u@h/d?password={CANARY}",
    "user in the query": f"postgresql://u:{CANARY}@h/d?user=x",
    "host in the query": f"postgresql://u:{CANARY}@h/d?host=evil.example.org",
    "hostaddr in the query": f"postgresql://u:{CANARY}@h/d?hostaddr=10.0.0.1",
    "port in the query": f"postgresql://u:{CANARY}@h/d?port=1",
    "service": f"postgresql://u:{CANARY}@h/d?service=prod",
    "passfile": f"postgresql://u:{CANARY}@h/d?passfile=/etc/shadow",
    "sslkey": f"postgresql://u:{CANARY}@h/d?sslkey=/root/key",
    "sslcert": f"postgresql://u:{CANARY}@h/d?sslcert=/root/cert",
    "sslrootcert as a file": f"postgresql://u:{CANARY}@h/d?sslrootcert=/etc/passwd",
    "sslpassword": f"postgresql://u@h/d?sslpassword={CANARY}",
    "options": f"postgresql://u:{CANARY}@h/d?options=-c%20role%3Dpostgres",
    "unknown sslmode": f"postgresql://u:{CANARY}@h/d?sslmode=maybe",
    "a key twice": f"postgresql://u:{CANARY}@h/d?sslmode=require&sslmode=disable",
    "a secret as a key": f"postgresql://u@h/d?{CANARY}%20X=1",
    "several hosts": f"postgresql://u:{CANARY}@h1,h2/d",
    "several hosts with ports": f"postgresql://u:{CANARY}@h1:1,h2:2/d",
    "unix socket": f"postgresql://u:{CANARY}@%2Fvar%2Frun/d",
    "no host": f"postgresql://u:{CANARY}@/d",
    "no host at all": "postgresql:///d",
    "no database": f"postgresql://u:{CANARY}@h",
    "no database but a slash": f"postgresql://u:{CANARY}@h/",
    "host with blanks": f"postgresql://u:{CANARY}@h x/d",
    "host that is an option": f"postgresql://u:{CANARY}@-oProxy/d",
    "metadata address": f"postgresql://u:{CANARY}@169.254.169.254/d",
    "metadata address in decimal": f"postgresql://u:{CANARY}@2852039166/d",
    "metadata address in hexadecimal": f"postgresql://u:{CANARY}@0xa9fea9fe/d",
    "metadata address in octal": f"postgresql://u:{CANARY}@0251.0376.0251.0376/d",
    "metadata address with a dot": f"postgresql://u:{CANARY}@169.254.169.254./d",
    "metadata address in IPv6": f"postgresql://u:{CANARY}@[::ffff:169.254.169.254]/d",
    "metadata address by NAT64": f"postgresql://u:{CANARY}@[64:ff9b::a9fe:a9fe]/d",
    "metadata address of IPv6": f"postgresql://u:{CANARY}@[fd00:ec2::254]/d",
    "link-local": f"postgresql://u:{CANARY}@[fe80::1]/d",
    "link-local with a zone": f"postgresql://u:{CANARY}@[fe80::1%25eth0]/d",
    "MySQL local_infile": f"mysql://u:{CANARY}@h/d?local_infile=1",
    "MySQL read_default_file": f"mysql+pymysql://u:{CANARY}@h/d?read_default_file=/etc/my.cnf",
    "MySQL unix_socket": f"mysql+pymysql://u:{CANARY}@h/d?unix_socket=/run/mysqld.sock",
    "MySQL ssl_key": f"mysql+pymysql://u:{CANARY}@h/d?ssl_key=/root/key",
    "odbc_connect": f"mysql://u@h/d?odbc_connect=PWD%3D{CANARY}",
    "SQLite in memory": "sqlite://",
    "SQLite in memory by name": "sqlite:///:memory:",
    "SQLite with a relative path": "sqlite:///app.db",
    "SQLite file address": "sqlite:///file:/tmp/x.db?uri=true",
    "SQLite uri": "sqlite:////tmp/x.db?uri=true",
    "SQLite mode": "sqlite:////tmp/x.db?mode=memory",
    "SQLite with a host": f"sqlite://u:{CANARY}@h/tmp/x.db",
    "SQLite with NUL": "sqlite:////tmp/x%00.db",
}


@pytest.mark.parametrize("url", BAD.values(), ids=BAD.keys())
def test_parse_refuses_with_a_sentence_that_repeats_no_secret(url: object) -> None:
    with pytest.raises(BadUrl) as caught:
        urls.parse(url)
    sentence = str(caught.value)
    assert len(sentence) > 20
    assert sentence.endswith(".")
    assert CANARY not in sentence
    assert CANARY not in repr(caught.value.__cause__)
    assert list(caught.value.fields) == ["url"]


GOOD = {
    "postgres://u:p@h/d": "postgresql://u:***@h/d",
    "postgres+psycopg2://u:p@h/d": "postgresql+psycopg2://u:***@h/d",
    "PostgreSQL+Psycopg://u:p@h/d": "postgresql+psycopg://u:***@h/d",
    "postgresql+asyncpg://u:p@h:6543/d?ssl=require": "postgresql+asyncpg://u:***@h:6543/d?ssl=require",
    "postgresql+pg8000://u@h/d": "postgresql+pg8000://u@h/d",
    "postgresql://h/d?sslmode=verify-full&sslrootcert=system": "postgresql://h/d?sslmode=verify-full&sslrootcert=system",
    "postgresql://u:p@[::1]:5432/d": "postgresql://u:***@[::1]:5432/d",
    "postgresql://u:p@127.0.0.1/d": "postgresql://u:***@127.0.0.1/d",
    "postgresql://u:p@localhost./d": "postgresql://u:***@localhost./d",
    "postgresql://u:p@10.1.2.3/d": "postgresql://u:***@10.1.2.3/d",
    "mysql+pymysql://u:p@h/d?charset=utf8mb4": "mysql+pymysql://u:***@h/d?charset=utf8mb4",
    "mariadb+asyncmy://u:p@h/d": "mariadb+asyncmy://u:***@h/d",
    "mysql://u:p@h:3307/d": "mysql://u:***@h:3307/d",
    "sqlite:////srv/app.db": "sqlite:////srv/app.db",
    "sqlite+aiosqlite:////srv/my app.db?timeout=3": "sqlite+aiosqlite:////srv/my app.db?timeout=3",
}


@pytest.mark.parametrize(("url", "shown"), GOOD.items())
def test_shown_hides_the_password_and_keeps_the_rest(url: str, shown: str) -> None:
    assert urls.shown(urls.parse(url)) == shown


@pytest.mark.parametrize("password", ["p@ss", "a/b?c#d", "100%", "ключ", "%40", "a:b", "a b+c", "'\"\\", "***x"])
def test_full_url_carries_any_password_through(password: str) -> None:
    parsed = urls.parse("postgresql+psycopg2://u@h:5432/d?sslmode=require")
    read = make_url(urls.full_url(parsed, password))
    assert (read.username, read.password, read.host, read.port, read.database) == ("u", password, "h", 5432, "d")


def test_parse_reads_an_escaped_password() -> None:
    assert urls.parse("postgresql://u:p%40%2Fx%25@h/d").password == "p@/x%"


def test_parse_keeps_the_password_out_of_repr() -> None:
    assert CANARY not in repr(urls.parse(PG))


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg", "postgresql+asyncpg", "postgresql+pg8000"])
def test_sync_url_reads_postgresql_by_psycopg2(driver: str) -> None:
    url = urls.sync_url(urls.parse(f"{driver}://u:p@h/d"), "p")
    assert url.drivername == "postgresql+psycopg2"
    assert url.get_dialect().driver == "psycopg2"


@pytest.mark.parametrize(
    ("url", "driver"),
    [("mysql+aiomysql://u@h/d", "pymysql"), ("mariadb://u@h/d", "pymysql"), ("sqlite+aiosqlite:////a.db", "pysqlite")],
)
def test_sync_url_never_uses_an_async_driver(url: str, driver: str) -> None:
    assert urls.sync_url(urls.parse(url), None).get_dialect().driver == driver


def test_parse_refuses_the_dashboards_own_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", tmp_path / "store.sqlite3")
    (tmp_path / "link.db").symlink_to(tmp_path / "store.sqlite3")
    with pytest.raises(BadUrl, match="own store"):
        urls.parse(f"sqlite:///{tmp_path}/link.db")


def test_check_names_the_part_that_is_wrong() -> None:
    with pytest.raises(BadUrl) as caught:
        urls.check(urls.ParsedUrl("postgresql", host="a,b", database="d"))
    assert caught.value.part == "host"
