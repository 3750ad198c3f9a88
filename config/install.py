"""Brings an installation up to date: `python -m config.install`. Doing it again does nothing."""

import hashlib
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from config import env, sealing, trouble
from config.errors import Refused
from config.processes import say
from config.trouble import CannotServe

FIRST_START = ("ADMIN_PASSWORD", "ADMIN_PASSWORD_FILE", "ADMIN_TOKEN", "ADMIN_TOKEN_FILE")


def set_up() -> None:
    """The store, the static files and, while no user exists, the administrator."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    check_keys()
    migrate_store()
    tell_missing_keys()
    collect_static()
    create_admin()
    start_clock()


def start_clock() -> None:
    """The scheduler's silence counts from now on."""
    from jobs import health  # models can be imported only now

    health.beat(health.SWEEP)


def check_keys() -> None:
    try:
        sealing.keys()
    except sealing.Broken as broken:
        raise CannotServe(str(broken)) from None


def tell_missing_keys() -> None:
    """A lost key is better known now than at the next job."""
    from environments import secrets  # models can be imported only now

    for name, count in secrets.missing_keys().items():
        passwords = "1 password needs" if count == 1 else f"{count} passwords need"
        say(f"{passwords} key {name}, which is not among CREDENTIAL_KEYS: put it back, or type them again in the databases' settings.")


def migrate_store() -> None:
    executor = MigrationExecutor(connection)
    refuse_newer_store(executor.loader)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def refuse_newer_store(loader: MigrationLoader) -> None:
    """Older code would serve it, and write rows that the newer one does not expect."""
    newest: dict[str, str] = {}
    for app, name in loader.disk_migrations:
        newest[app] = max(name, newest.get(app, ""))
    ahead = sorted(f"{app} {name}" for app, name in loader.applied_migrations if name > newest.get(app, name))
    if ahead:
        raise CannotServe(
            f"The store, {trouble.store()}, was migrated by a newer version of the dashboard ({', '.join(ahead)}). Start that version, or "
            "put a backup from before the upgrade in its place."
        )


def collect_static() -> None:
    """Copies and compresses the static files, unless they are what they were the last time."""
    paths = sorted(Path(storage.path(name)) for finder in get_finders() for name, storage in finder.list([]))
    facts = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in paths]
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()
    stamp = settings.DATA_DIR / "static.digest"
    if not stamp.exists() or stamp.read_text() != digest or not settings.STATIC_ROOT.exists():
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        stamp.write_text(digest)


def create_admin() -> None:
    """While no user exists: the first one, with the given password or with one that is shown here and never again."""
    from accounts.services import create_first_admin  # models can be imported only now

    password = create_first_admin(env.text("ADMIN_PASSWORD") or None, env.text("ADMIN_TOKEN") or None)
    if password:
        print(f"admin password: {password}", flush=True)  # noqa: T201
    for name in FIRST_START:
        os.environ.pop(name, None)


if __name__ == "__main__":
    try:
        with trouble.told():
            set_up()
    except Refused as error:
        sys.exit(str(error))
