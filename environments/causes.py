"""Why a database could not be read: from a driver's error to one cause with a code and a sentence."""

import re
import socket
import ssl
import struct
import unicodedata
from urllib.parse import quote, quote_plus

from environments import urls
from environments.errors import Unreachable
from environments.models import Database

SHOWN = 300
# For each cause, what the servers and drivers say.
TEXTS: list[tuple[str, str]] = [
    (
        "wrong_protocol",
        r"invalid response to SSL negotiation|expected authentication request|received unexpected|unsupported frontend|packet sequence",
    ),
    ("refused", r"connection refused"),
    ("unroutable", r"no route to host|network is unreachable|host is unreachable"),
    ("dns_failed", r"could not translate host name|name or service not known"),
    ("tls_unavailable", r"does(n't| not) support (it|SSL)|SSL was required"),
    ("tls_required", r"no encryption|SSL off|requires? (a )?(SSL|TLS)|SSL is required|secure transport"),
    ("tls_failed", r"certificate|SSL error|SSL SYSCALL|TLS"),
    (
        "login_rejected",
        r"authentication failed|role .* does not exist|no password supplied|not permitted to log in|access denied for|password.*expired",
    ),
    ("host_not_allowed", r"no pg_hba.conf entry|not allowed to connect|is blocked because"),
    ("database_missing", r"database \".*\" does not exist"),
    ("not_permitted", r"permission denied|not permitted|access denied|command denied"),
    ("too_many_connections", r"too many (clients|connections)|remaining connection slots|max_user_connections"),
    ("starting", r"starting up|shutting down|in recovery mode|not yet accepting"),
    ("locked", r"lock timeout|database is locked|lock wait timeout|lock request"),
    ("timeout", r"timeout|timed out|statement timeout|max_execution_time"),
    ("not_a_database", r"not a database|malformed|disk image"),
    ("version_table_unreadable", r"no such (column|table)|column .* does not exist|unknown column|cannot be selected|not a table"),
    (
        "connection_lost",
        r"closed the connection|lost connection|gone away|connection reset|broken pipe|server has closed|terminating connection",
    ),
]
SQLSTATES = {
    "28000": "login_rejected",
    "28P01": "login_rejected",
    "3D000": "database_missing",
    "42501": "not_permitted",
    "53300": "too_many_connections",
    "57P03": "starting",
    "55P03": "locked",
    "57014": "timeout",
    "42P01": "version_table_unreadable",
    "42703": "version_table_unreadable",
    "42809": "version_table_unreadable",
    "57P01": "connection_lost",
    "08006": "connection_lost",
}
MYSQL = {
    1045: "login_rejected",
    1698: "login_rejected",
    1820: "login_rejected",
    1862: "login_rejected",
    1049: "database_missing",
    1044: "not_permitted",
    1142: "not_permitted",
    1143: "not_permitted",
    1040: "too_many_connections",
    1203: "too_many_connections",
    1226: "too_many_connections",
    1130: "host_not_allowed",
    1129: "host_not_allowed",
    3159: "tls_required",
    1054: "version_table_unreadable",
    1146: "version_table_unreadable",
    1356: "version_table_unreadable",
    1205: "locked",
    3024: "timeout",
    1969: "timeout",
    1053: "starting",
}
WORDS = {
    "refused": "Nothing accepts connections at {place} (connection refused). See that the server runs and that host and port are right.",
    "unroutable": "{place} cannot be reached from here: no route to the host. See that host and network are right.",
    "dns_failed": "The host name of {place} is not known here. See that it is spelled right and that DNS works.",
    "timeout": "{place} did not answer in time. It may be overloaded, or a firewall drops the connection.",
    "login_rejected": "{place} rejected the login of {user}. See that user name and password are right and that the login has not expired.",
    "host_not_allowed": "{place} does not let this machine connect as {user}. Allow it there (pg_hba.conf, or the user's host in MySQL).",
    "database_missing": "{place} answers, but it has no database {database}. Create it there, or see that the name is right.",
    "too_many_connections": "{place} takes no more connections. Try again later, or raise its limit.",
    "tls_required": "{place} takes no unencrypted connection from here. Require TLS in the URL (sslmode=require), or allow it there.",
    "tls_unavailable": "{place} offers no TLS, but the URL requires it. Turn TLS on there, or leave sslmode out.",
    "tls_failed": "TLS to {place} could not be agreed on: the certificate was not accepted, or the versions differ.",
    "not_permitted": "{user} may not read {database} at {place}. Grant it USAGE on the schema and SELECT on the version table.",
    "wrong_protocol": "What answers at {place} is not {product}. See that the port is right.",
    "starting": "The server at {place} is starting, stopping or recovering. Try again in a moment.",
    "locked": "Another session holds a lock on what has to be read in {database}. It is read again when the lock is gone.",
    "not_a_database": "The file {database} is not a database, or it is damaged.",
    "version_table_unreadable": "The version table in {database} is not of Alembic's shape: it has no readable column version_num.",
    "connection_lost": "{place} closed the connection before it answered. See that {product} listens on this port; its log may say more.",
    "driver_error": "{place} could not be read.",
}
PRODUCTS = {"postgresql": "PostgreSQL", "mysql": "MySQL or MariaDB", "sqlite": "SQLite"}
SPEAKS_FOR_ITSELF = {"refused", "login_rejected", "database_missing", "too_many_connections"}


def explain(error: BaseException, database: Database, password: str) -> Unreachable:
    """The cause of a failed connection or query. What the server said is added where it may tell more; the password never is."""
    original = getattr(error, "orig", None) or error
    said = scrubbed(_said(original), password)
    code = _code(original, said)
    sentence = WORDS[code].format(
        place=_place(database),
        user=database.username or "the default user",
        database=database.database,
        product=PRODUCTS[urls.dialect(database.driver)],
    )
    if said and code not in SPEAKS_FOR_ITSELF:
        sentence += f" It said: {said}"
    return Unreachable(code, sentence)


def scrubbed(text: str, password: str) -> str:
    """One line of bounded length, without control characters, and without the password in any of its spellings."""
    spellings = {password, quote(password), quote(password, safe=""), quote_plus(password), repr(password)[1:-1]}
    for spelling in sorted(spellings, key=len, reverse=True):
        if len(spelling) > 2:
            text = text.replace(spelling, "***")
    text = "".join(" " if unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") else letter for letter in text)
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _said(error: BaseException) -> str:
    """The words of the server, without the driver's preamble."""
    if len(error.args) > 1 and isinstance(error.args[0], int):
        return str(error.args[1])
    text = str(error).strip()
    text = re.sub(r"connection to server at .*? failed: ", "", text)
    return re.sub(r"^(FATAL|ERROR):\s+", "", text).split("\nLINE ")[0]


def _code(error: BaseException, said: str) -> str:
    number = error.args[0] if error.args and isinstance(error.args[0], int) else None
    known = SQLSTATES.get(getattr(error, "pgcode", None) or "") or MYSQL.get(number or 0)
    return known or _by_type(error) or _by_text(said) or "driver_error"


def _by_type(error: BaseException) -> str | None:
    inner = getattr(error, "original_exception", None) or error
    if isinstance(inner, ConnectionRefusedError):
        return "refused"
    if isinstance(inner, ssl.SSLError):
        return "tls_failed"
    if isinstance(inner, TimeoutError):
        return "timeout"
    if isinstance(inner, socket.gaierror):
        return "dns_failed"
    # Bytes that are no greeting of MySQL make its driver stumble over its own parsing.
    stumbled = isinstance(inner, IndexError | UnicodeDecodeError | AttributeError | AssertionError | struct.error)
    return "wrong_protocol" if stumbled else None


def _by_text(said: str) -> str | None:
    return next((code for code, pattern in TEXTS if re.search(pattern, said, re.IGNORECASE)), None)


def _place(database: Database) -> str:
    if urls.dialect(database.driver) == "sqlite":
        return database.database
    host = f"[{database.host}]" if ":" in database.host else database.host
    return f"{host}:{database.port}" if database.port else host
