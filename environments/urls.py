"""Connection URLs: taken apart with care, shown without the password, and put together for the one who connects.

Only what is known to be harmless is taken: a query key can name a file to read, another host, or a password.
"""

import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl, quote, quote_plus

from django.conf import settings
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from config import networks
from environments.errors import BadUrl

MAX_LENGTH = 2000
HIDDEN = "***"
DRIVERS = {
    "postgresql": ("psycopg2", "psycopg", "asyncpg", "pg8000"),
    "mysql": ("pymysql", "mysqldb", "mysqlconnector", "asyncmy", "aiomysql"),
    "mariadb": ("pymysql", "mysqldb", "mysqlconnector", "asyncmy", "aiomysql"),
    "sqlite": ("pysqlite", "aiosqlite"),
}
SYNC_DRIVERS = {"postgresql": "postgresql+psycopg2", "mysql": "mysql+pymysql", "sqlite": "sqlite+pysqlite"}
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
WORD = r"[\w .:@/+-]{1,63}"
FLAG = r"true|false|0|1"
# For each dialect the query keys that are taken, and what their value has to look like.
QUERY_KEYS = {
    "postgresql": {
        "sslmode": "|".join(SSL_MODES),
        "ssl": "|".join((*SSL_MODES, FLAG)),
        "sslrootcert": "system",
        "connect_timeout": r"\d{1,3}",
        "application_name": WORD,
        "target_session_attrs": "any|read-write|read-only|primary|standby|prefer-standby",
        "prepared_statement_cache_size": r"\d{1,6}",
    },
    "mysql": {
        "charset": "utf8mb4|utf8mb3|utf8|latin1|ascii|binary",  # with some others a quoted text can end its quotes
        "collation": r"\w{1,64}",
        "connect_timeout": r"\d{1,3}",
        "ssl_disabled": FLAG,
        "ssl_verify_cert": FLAG,
        "ssl_verify_identity": FLAG,
        "ssl_check_hostname": FLAG,
    },
    "sqlite": {"timeout": r"\d{1,3}(\.\d{1,3})?"},
}


class Profile(Protocol):
    """The parts of a URL, wherever they are kept; the password is always apart."""

    @property
    def driver(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int | None: ...
    @property
    def username(self) -> str: ...
    @property
    def database(self) -> str: ...
    @property
    def query(self) -> dict[str, str]: ...


@dataclass(frozen=True)
class ParsedUrl:
    driver: str
    host: str = ""
    port: int | None = None
    username: str = ""
    password: str | None = field(default=None, repr=False)
    database: str = ""
    query: dict[str, str] = field(default_factory=dict)


def dialect(driver: str) -> str:
    """postgresql, mysql or sqlite; MariaDB is read as MySQL."""
    name = driver.partition("+")[0]
    return "mysql" if name == "mariadb" else name


def parse(url: object) -> ParsedUrl:
    """Takes a URL apart and checks every part. Raises BadUrl."""
    try:
        return check(_split(_plain_text(url)))
    except BadUrl as bad:
        raise BadUrl(str(bad)) from None


def check(target: ParsedUrl) -> ParsedUrl:
    """Looks at every part, and returns them with the driver in SQLAlchemy's spelling. Raises BadUrl, whose `part` is the one at fault."""
    driver = _driver(target.driver)
    for part in ("host", "username", "database", "password"):
        refuse_control(getattr(target, part) or "", part)
    _check_query(dialect(driver), target.query)
    if dialect(driver) == "sqlite":
        _check_file(target)
    else:
        _check_server(target)
    return ParsedUrl(driver, target.host, target.port, target.username, target.password or None, target.database, dict(target.query))


def shown(database: Profile) -> str:
    """For people and programs: a password, if there is one, is ***."""
    has_password = bool(getattr(database, "secret", "") or getattr(database, "password", ""))
    return _rendered(database, HIDDEN if has_password else "")


def masked(text: str) -> str:
    """What someone typed as a URL, whether it is one or not, for the page that is shown again: all that may be a password is ***."""
    text = re.sub(r"(://[^:@/]*:).*@", rf"\1{HIDDEN}@", text, flags=re.DOTALL)
    text = re.sub(r"(://[^:@/]*:)(?!\d*(?:/|$))[^@]*$", rf"\1{HIDDEN}", text)
    return re.sub(r"([?&][^=&]*(?:pass|pwd|secret|token|key)[^=&]*=)[^&]*", rf"\1{HIDDEN}", text, flags=re.IGNORECASE)


def full_url(database: Profile, password: str | None) -> str:
    """With the password, for the child process that runs the project's env.py; never shown, never stored."""
    return _rendered(database, quote(password or "", safe=""))


def sync_url(database: Profile, password: str | None) -> URL:
    """With the driver that the dashboard itself reads with, whatever the project uses. Query keys are left to `connections`."""
    return URL.create(
        SYNC_DRIVERS[dialect(database.driver)],
        username=database.username or None,
        password=password or None,
        host=database.host or None,
        port=database.port,
        database=database.database,
    )


def same_target(one: Profile, other: Profile) -> bool:
    """Whether a password for the one may be sent to the other."""
    return all(getattr(one, part) == getattr(other, part) for part in ("host", "port", "username")) and dialect(one.driver) == dialect(
        other.driver
    )


def _plain_text(url: object) -> str:
    if not isinstance(url, str):
        raise BadUrl("The URL has to be text, such as postgresql://user:password@host:5432/database.")
    url = url.strip(" ")
    if not url:
        raise BadUrl("There is no URL. Give one such as postgresql://user:password@host:5432/database.")
    if len(url) > MAX_LENGTH:
        raise BadUrl(f"The URL is longer than {MAX_LENGTH} characters.")
    refuse_control(url, "url")
    return url


def _split(url: str) -> ParsedUrl:
    if "://" not in url:
        raise BadUrl("This is not a URL: it needs a driver before ://, as in postgresql://user:password@host:5432/database.")
    name = _driver(url.partition("://")[0])
    # SQLAlchemy would take what follows the first @ for the host, and show a piece of the password with it.
    if dialect(name) != "sqlite" and url.count("@") > 1:
        raise BadUrl("The URL has more than one @. Inside a user name, password or database name write it as %40.")
    try:
        url_parts = make_url(url)
    except (ArgumentError, ValueError):
        raise BadUrl("The URL cannot be taken apart. The port has to be a number, and an IPv6 address stands in [brackets].") from None
    if any(not isinstance(value, str) for value in url_parts.query.values()):
        raise BadUrl("A query key is given more than once. Give each once.")
    return ParsedUrl(
        name,
        url_parts.host or "",
        url_parts.port,
        url_parts.username or "",
        None if url_parts.password is None else str(url_parts.password),
        url_parts.database or "",
        {key: str(value) for key, value in url_parts.query.items()},
    )


def _driver(given: str) -> str:
    name, plus, driver = given.lower().partition("+")
    name = "postgresql" if name == "postgres" else name  # SQLAlchemy dropped the short name, people did not
    if name not in DRIVERS or (plus and driver not in DRIVERS[name]):
        known = ", ".join(f"{one}+{two}" if two else one for one, drivers in DRIVERS.items() for two in ("", *drivers) if one != "mariadb")
        raise BadUrl(f"The driver is not known. Known are: {known}, and mariadb with those of mysql.", "driver")
    return name + plus + driver


def parse_query(text: str) -> dict[str, str]:
    """`key=value&key=value`, as a form sends it."""
    pairs = parse_qsl(text.strip().lstrip("?"), keep_blank_values=True)
    if len(dict(pairs)) < len(pairs):
        raise BadUrl("A query key is given more than once. Give each once.", "query")
    return dict(pairs)


def refuse_control(text: str, part: str) -> None:
    """Line breaks and the like end a line in a file or a log, and NUL ends text in a driver."""
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text):
        raise BadUrl(f"The {'URL' if part == 'url' else part} holds a line break or another control character.", part)


def _check_query(name: str, query: Mapping[str, object]) -> None:
    known = QUERY_KEYS[name]
    for key, value in query.items():
        if key not in known:
            raise BadUrl(_unknown_key(key, known), "query")
        if not isinstance(value, str) or not re.fullmatch(known[key], value, re.IGNORECASE | re.ASCII):
            raise BadUrl(f"The query key {key} does not have a value that is known here.", "query")


def _unknown_key(key: object, known: Mapping[str, str]) -> str:
    # A key may be a password that was not escaped: only what looks like a key is repeated.
    name = f"key {key}" if isinstance(key, str) and re.fullmatch(r"[a-z_]{1,30}", key) else "part of the URL holds a key that"
    return f"The query {name} is not taken: it could read files, or lead elsewhere. Taken are: {', '.join(known)}."


def _check_file(target: ParsedUrl) -> None:
    path = target.database
    if target.host or target.port or target.username or target.password:
        raise BadUrl("An SQLite URL has no host, user or password. Use an absolute path, with four slashes: sqlite:////srv/app.db.", "host")
    if not path or path == ":memory:":
        raise BadUrl("A database in memory is a new one at every connection. Use a file: sqlite:////srv/app.db.", "database")
    if path.startswith("file:"):
        raise BadUrl("SQLite's own file: addresses are not taken. Use an absolute path: sqlite:////srv/app.db.", "database")
    if not path.startswith("/"):
        raise BadUrl("The path of the SQLite file is relative. Use an absolute path, with four slashes: sqlite:////srv/app.db.", "database")
    if os.path.realpath(path) == os.path.realpath(str(settings.DATABASES["default"].get("NAME", ""))):
        raise BadUrl("This file is the dashboard's own store; it is not a database to be managed here.", "database")


def _check_server(target: ParsedUrl) -> None:
    if not target.database:
        raise BadUrl("The URL names no database. It stands after the host: postgresql://user:password@host:5432/database.", "database")
    if not target.host:
        raise BadUrl("The URL names no host. Use 127.0.0.1 for a server on this machine.", "host")
    _check_host(target.host)
    if target.port is not None and not (isinstance(target.port, int) and 0 < target.port < 65536):
        raise BadUrl("The port has to be a number from 1 to 65535.", "port")
    for part, limit in (("username", 255), ("host", 255), ("database", 1000)):
        if len(getattr(target, part)) > limit:
            raise BadUrl(f"The {part} is longer than {limit} characters.", part)


def _check_host(host: str) -> None:
    if host.startswith(("/", "@", "%2F", "%2f", ".")):
        raise BadUrl("Unix sockets are not taken as host. Use the server's name or address, such as 127.0.0.1.", "host")
    if "," in host:
        raise BadUrl("Several hosts in one URL are not taken: it has to be clear which database is changed. Name the primary.", "host")
    if not re.fullmatch(r"[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9_.-]+)?", host) or host.startswith("-"):
        raise BadUrl("The host holds characters that no host name has. In a password, write @ as %40 and / as %2F.", "host")
    address = networks.literal(host)
    if ":" in host and address is None:
        raise BadUrl("The host is not an IPv6 address.", "host")
    if address is not None and (reason := networks.refusal(address)):
        raise BadUrl(f"The host is {reason}.", "host")


def _rendered(database: Profile, password: str) -> str:
    """A URL that every SQLAlchemy from 1.4 on reads alike: they differ on escapes in the database's name, so there are as few as can be."""
    user = quote(database.username, safe="") + (f":{password}" if password else "")
    host = f"[{database.host}]" if ":" in database.host else database.host
    place = (f"{user}@" if user else "") + host + (f":{database.port}" if database.port else "")
    name = database.database.replace("%", "%25").replace("?", "%3F")
    query = "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in sorted(database.query.items()))
    return f"{database.driver}://{place}/{name}" + (f"?{query}" if query else "")


def file_of(database: Profile) -> Path:
    """The SQLite file."""
    return Path(database.database)
