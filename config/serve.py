"""The whole dashboard on one machine: `python -m config.serve [--port N] [--data DIR] [--demo]`, called by script/server."""

import argparse
import fcntl
import hashlib
import os
import sys
from pathlib import Path
from typing import IO

from config import probe
from config.embedded import EmbeddedValkey, Server, is_free
from config.errors import Refused
from config.processes import Child, Supervisor, say

BASE_DIR = Path(__file__).resolve().parent.parent
FIRST_START = ("ADMIN_PASSWORD", "ADMIN_PASSWORD_FILE", "ADMIN_TOKEN", "ADMIN_TOKEN_FILE")


class CannotServe(Refused):
    code = "cannot_serve"
    title = "The dashboard cannot start"


def main() -> None:
    options = arguments()
    try:
        serve(options)
    except Refused as error:
        say(str(error))
        sys.exit(1)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/server", description="Serve the dashboard: web, worker and scheduler.")
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (default: 8000)")
    parser.add_argument("--data", type=Path, default=None, metavar="DIR", help="holds everything that must last (default: data/)")
    parser.add_argument("--demo", action="store_true", help="bring sample projects and a PostgreSQL with their databases")
    options = parser.parse_args()
    if not 0 < options.port < 65536:
        parser.error(f"--port {options.port} is no port: use a number from 1 to 65535.")
    options.data = (options.data or Path(os.environ.get("DATA_DIR") or BASE_DIR / "data")).resolve()
    return options


def serve(options: argparse.Namespace) -> None:
    """Returns when a signal has stopped everything."""
    lock = take_directory(options.data)
    if not is_free(options.port):
        raise CannotServe(f"Port {options.port} is taken by another program. Stop it, or choose another port with --port.")
    with lock, Supervisor() as supervisor:
        supervisor.servers += start_broker(options.data)
        set_up(options, supervisor.servers)
        supervisor.stages += stages(options.port)
        supervisor.run(lambda: probe.is_serving(options.port), lambda: announce(options.port))


def start_broker(data: Path) -> list[Server]:
    """The embedded one, unless REDIS_URL names another."""
    if "REDIS_URL" in os.environ or "REDIS_URL_FILE" in os.environ:
        return []
    valkey = EmbeddedValkey(data / "valkey")
    valkey.start()
    os.environ["REDIS_URL"] = valkey.url()
    return [valkey]


def take_directory(data: Path) -> IO[str]:
    """Makes the data directory private, and ours alone while the returned file is open."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    data.chmod(0o700)
    os.umask(0o077)
    os.environ["DATA_DIR"] = str(data)
    lock = (data / "server.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CannotServe(f"Another server runs with the data in {data}. Stop it, or choose another directory with --data.") from None
    return lock


def set_up(options: argparse.Namespace, servers: list[Server]) -> None:
    """Brings store and static files up to date; on the first start the administrator, with --demo the demo."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db import connections

    migrate_store()
    collect_static()
    create_admin()
    if options.demo:
        from config import demo

        servers += demo.set_up(options.data)
    connections.close_all()


def migrate_store() -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def collect_static() -> None:
    """Copies and compresses the static files, unless they are what they were the last time."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    paths = sorted(Path(storage.path(name)) for finder in get_finders() for name, storage in finder.list([]))
    facts = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in paths]
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()
    stamp = settings.DATA_DIR / "static.digest"
    if not stamp.exists() or stamp.read_text() != digest or not settings.STATIC_ROOT.exists():
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        stamp.write_text(digest)


def create_admin() -> None:
    """While no user exists: the first one, with the given password or with one that is shown here and never again."""
    from accounts.services import create_first_admin

    from config import env

    password = create_first_admin(env.text("ADMIN_PASSWORD") or None, env.text("ADMIN_TOKEN") or None)
    if password:
        print(f"admin password: {password}", flush=True)  # noqa: T201
    for name in FIRST_START:
        os.environ.pop(name, None)


def stages(port: int) -> list[list[Child]]:
    """What runs beside the embedded servers, in the order of stopping: pages answer until the last job has ended."""
    web = ["gunicorn", "config.wsgi", "--preload", "--worker-class=gthread", "--workers=2", "--threads=8"]
    web += [f"--bind=127.0.0.1:{port}", "--graceful-timeout=5", "--timeout=60", "--log-level=warning"]
    worker = ["celery", "--quiet", "--app=config.celery", "worker", "--without-gossip", "--without-mingle", "--loglevel=WARNING"]
    scheduler = ["celery", "--quiet", "--app=config.celery", "beat", "--pidfile=", "--loglevel=WARNING"]
    jobs = child("jobs worker", [*worker, "--queues=jobs", "--concurrency=4", "--hostname=jobs@%h"])
    reads = child("reads worker", [*worker, "--queues=reads", "--concurrency=2", "--hostname=reads@%h"])
    return [[child("scheduler", scheduler), reads, jobs], [child("web", web)]]


def child(name: str, module: list[str]) -> Child:
    environment = {name: value for name, value in os.environ.items() if name not in FIRST_START}
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(BASE_DIR), "C_FORCE_ROOT": "1"}
    return Child(name, [sys.executable, "-m", *module], environment)


def announce(port: int) -> None:
    print(f"Ready: http://127.0.0.1:{port}/", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
