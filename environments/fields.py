"""From what a form or a program sent to the fields of an environment or a database, or a sentence for each that is wrong."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone

from config.errors import Invalid
from environments import secrets, urls
from environments.errors import BadUrl
from environments.models import Database, Environment
from environments.urls import ParsedUrl
from migrations_store.models import Project

Fields = Mapping[str, Any]
SLUG = r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
PARTS = ("driver", "host", "port", "username", "database", "query")
ENVIRONMENT = ("slug", "name", "position", "protected", "lock_timeout", "statement_timeout")
OPTIONS = ("version_table", "version_table_schema", "create_if_missing")
DATABASE = ("project", "environment", "name", "url", "password", "clear_password", *PARTS, *OPTIONS)
LARGEST = 2_147_483_647


class Reader:
    """Takes one field after the other out of `fields`, and gathers what is wrong with them."""

    def __init__(self, fields: Fields, known: Iterable[str]) -> None:
        self.fields = fields
        self.wrong: dict[str, str] = {name: "There is no such field." for name in map(str, fields) if name not in set(known)}

    def finish(self) -> None:
        """Raises Invalid if anything was wrong."""
        if self.wrong:
            raise Invalid(" ".join(f"{name[:40]}: {sentence}" for name, sentence in self.wrong.items()), self.wrong)

    def text(self, name: str, before: str, *, limit: int, required: bool = False) -> str:
        value = self.fields.get(name, before)
        if not isinstance(value, str):
            return self._refuse(name, "This has to be text.", before)
        value = value.strip()
        if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in value):
            return self._refuse(name, "This holds a line break or another control character.", before)
        if len(value) > limit:
            return self._refuse(name, f"This is longer than {limit} characters.", before)
        if required and not value:
            return self._refuse(name, "This is needed.", before)
        return value

    def slug(self, name: str, before: str) -> str:
        value = self.text(name, before, limit=64, required=True)
        if value and not re.fullmatch(SLUG, value):
            sentence = "Use lower-case letters, digits, hyphens and underscores; begin and end with a letter or digit."
            return self._refuse(name, sentence, before)
        return value

    def number(self, name: str, before: int) -> int:
        value = self.fields.get(name, before)
        if isinstance(value, str) and re.fullmatch(r"\d{1,10}", value.strip(), re.ASCII):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
            self.wrong[name] = f"This has to be a whole number from 0 to {LARGEST}."
            return before
        return value

    def flag(self, name: str, *, before: bool) -> bool:
        value = self.fields.get(name, before)
        if not isinstance(value, bool):
            self.wrong[name] = "This has to be true or false."
            return before
        return value

    def _refuse(self, name: str, sentence: str, before: str) -> str:
        self.wrong[name] = sentence
        return before


def fill_environment(environment: Environment, fields: Fields) -> None:
    """Sets what `fields` names; raises Invalid and leaves the rest to the caller, who saves."""
    read = Reader(fields, ENVIRONMENT)
    environment.slug = read.slug("slug", environment.slug)
    environment.name = read.text("name", environment.name or environment.slug, limit=200) or environment.slug
    environment.position = read.number("position", environment.position)
    environment.protected = read.flag("protected", before=environment.protected)
    environment.lock_timeout = read.number("lock_timeout", environment.lock_timeout)
    environment.statement_timeout = read.number("statement_timeout", environment.statement_timeout)
    read.finish()


def fill_database(database: Database, fields: Fields) -> None:
    """The same for a connection profile, its password included: `secret` is set, kept or cleared."""
    read = Reader(fields, DATABASE)
    _fill_place(database, read)
    database.name = read.text("name", database.name, limit=100)
    database.version_table = read.text("version_table", database.version_table, limit=128)
    database.version_table_schema = read.text("version_table_schema", database.version_table_schema, limit=128)
    database.create_if_missing = read.flag("create_if_missing", before=database.create_if_missing)
    try:
        _fill_target(database, read)
    except Invalid as invalid:
        read.wrong.update(invalid.fields)
    read.finish()


def _fill_place(database: Database, read: Reader) -> None:
    if database.project_id is None or "project" in read.fields:
        project = _found(Project, read, "project")
        if project is not None and database.project_id not in (None, project.pk):
            read.wrong["project"] = "A database stays with its project. Register it there as a new one."
        elif project is not None:
            database.project = project
    if database.environment_id is None or "environment" in read.fields:
        environment = _found(Environment, read, "environment")
        if environment is not None:
            database.environment = environment


def _found(model: Any, read: Reader, name: str) -> Any:
    """The object, or the one with that slug."""
    wanted = read.fields.get(name)
    if isinstance(wanted, model):
        return wanted
    found = model.objects.filter(slug=wanted).first() if isinstance(wanted, str) and re.fullmatch(SLUG, wanted) else None
    if found is None:
        read.wrong[name] = f"There is no {name} {wanted[:64]!r}." if isinstance(wanted, str) and wanted else f"Name the {name} by its slug."
    return found


def _fill_target(database: Database, read: Reader) -> None:
    """Where the profile leads, and with which password."""
    before = _kept_target(database)
    target = _wanted_target(read.fields, before)
    secret = _secret(database, read, target, before)
    for part in PARTS:
        setattr(database, part, getattr(target, part))
    if secret != database.secret:
        database.secret = secret
        database.secret_changed_at = timezone.now()


def _kept_target(database: Database) -> ParsedUrl | None:
    return ParsedUrl(**{part: getattr(database, part) for part in PARTS}) if database.driver else None


def _wanted_target(fields: Fields, before: ParsedUrl | None) -> ParsedUrl:
    """From `url`, or else from the single parts over those that are there."""
    has_parts = any(part in fields for part in PARTS)
    if fields.get("url") or ("url" in fields and not has_parts) or (before is None and not fields.get("driver")):
        return urls.parse(fields.get("url"))
    values = {part: getattr(before, part) for part in PARTS} if before else {}
    values |= {part: fields[part] for part in PARTS if part in fields}
    return urls.check(_typed(values))


def _typed(values: dict[str, Any]) -> ParsedUrl:
    for part in ("driver", "host", "username", "database"):
        if not isinstance(values.get(part, ""), str):
            raise BadUrl("This has to be text.", part)
        values[part] = values.get(part, "").strip()
    if isinstance(values.get("query", {}), str):
        values["query"] = urls.parse_query(values["query"])
    if not isinstance(values.get("query", {}), dict):
        raise BadUrl("This has to be a mapping of keys to values.", "query")
    return ParsedUrl(**values | {"port": _port(values.get("port"))})


def _port(value: Any) -> int | None:
    if value in (None, "") and not isinstance(value, bool):
        return None
    if isinstance(value, str) and re.fullmatch(r"\d{1,5}", value.strip(), re.ASCII):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadUrl("The port has to be a number from 1 to 65535.", "port")
    return value


def _secret(database: Database, read: Reader, target: ParsedUrl, before: ParsedUrl | None) -> str:
    """A new password is encrypted; the kept one stays only while it would be sent to the same server and user."""
    typed = _password(read.fields)
    if typed and typed != urls.HIDDEN:
        return secrets.encrypt(database.pk, typed)
    stays = before is not None and urls.same_target(before, target) and not read.fields.get("clear_password")
    from_url = target.password
    if from_url and from_url != urls.HIDDEN:
        return secrets.encrypt(database.pk, from_url)
    if urls.HIDDEN in (typed, from_url) and not stays:
        part = "url" if from_url else "password"
        raise BadUrl("*** stands for a kept password, but none is kept for this server, port and user. Type the password.", part)
    has_url = bool(read.fields.get("url"))
    return database.secret if stays and (from_url or typed or not has_url) else ""


def _password(fields: Fields) -> str:
    value = fields.get("password")
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > urls.MAX_LENGTH:
        raise BadUrl(f"The password has to be text of at most {urls.MAX_LENGTH} characters.", "password")
    urls.refuse_control(value, "password")
    return value
