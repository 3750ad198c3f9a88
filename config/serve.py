"""The whole dashboard on one machine: `python -m config.serve [--port N] [--data DIR] [--demo]`, called by script/server."""

import argparse
import fcntl
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import Error as StoreError
from django.db import connections

from config import install, probe, trouble
from config.embedded import EmbeddedValkey, Server, is_free
from config.errors import Refused
from config.processes import Child, Supervisor, say
from config.trouble import CannotServe

# As root Celery advises another user, once for each worker; who runs a container as root has heard it.
QUIET = "ignore:You're running the worker with superuser privileges"
BASE_DIR = Path(__file__).resolve().parent.parent


def main() -> None:
    options = arguments()
    try:
        with trouble.told():
            serve(options)
    except Refused as error:
        say(str(error))
        sys.exit(1)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/server", description="Serve the dashboard: web, worker and scheduler.")
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (default: 8000)")
    parser.add_argument("--data", type=Path, default=None, metavar="DIR", help="holds everything that must last (default: data/)")
    parser.add_argument("--demo", action="store_true", help="bring sample projects and a PostgreSQL with their databases")
    parser.add_argument("--caller", type=Path, default=Path.cwd(), help=argparse.SUPPRESS)  # what a relative DIR is relative to
    options = parser.parse_args()
    if not 0 < options.port < 65536:
        parser.error(f"--port {options.port} is no port: use a number from 1 to 65535.")
    given = options.data or os.environ.get("DATA_DIR")
    options.data = (options.caller / given if given else BASE_DIR / "data").resolve()
    return options


def serve(options: argparse.Namespace) -> None:
    """Returns when a signal has stopped everything."""
    lock = take_directory(options.data)
    if not is_free(options.port):
        raise CannotServe(f"Port {options.port} is taken by another program. Stop it, or choose another port with --port.")
    with lock, Supervisor() as supervisor:
        supervisor.servers += start_broker(options.data)
        set_up(options, supervisor.servers)
        supervisor.grace = settings.STOP_GRACE
        supervisor.stages += stages(options.port)
        supervisor.run(lambda: is_ready(options.port), lambda: announce(options.port))


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
    os.umask(0o077)
    os.environ["DATA_DIR"] = str(data)
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        data.chmod(0o700)
        lock = (data / "server.lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CannotServe(f"Another server runs with the data in {data}. Stop it, or choose another directory with --data.") from None
    except OSError as error:
        raise CannotServe(
            f"The data directory {data} cannot be used ({error.strerror}: {error.filename}). Mend that, or choose another with --data."
        ) from None
    return lock


def set_up(options: argparse.Namespace, servers: list[Server]) -> None:
    """What must be there before anything serves; with --demo also the demo and its server."""
    install.set_up()
    forget_workers()
    if options.demo:
        from config import demo  # brings every room along, and models can be imported only now

        servers += demo.set_up(options.data)


def forget_workers() -> None:
    """Those of this machine whose end nobody saw; a new one has to show itself before we are ready."""
    from jobs.models import Worker  # models can be imported only now

    Worker.objects.filter(name__endswith=f"@{socket.gethostname()}").delete()


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
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "C_FORCE_ROOT": "1"}
    return Child(name, [sys.executable, "-W", QUIET, "-m", *module], environment)


def is_ready(port: int) -> bool:
    """Whether it serves; the pages are asked only once a worker is there, for until then they would log a failure each time."""
    from jobs.models import Worker  # models can be imported only now

    try:
        return Worker.objects.exists() and probe.is_serving(port)
    except StoreError:  # a store that is away for a while is no reason to end what runs
        connections.close_all()
        return False


def announce(port: int) -> None:
    connections.close_all()
    with suppress(BrokenPipeError):  # whoever was to read it has gone; the server has not
        print(f"Ready: http://127.0.0.1:{port}/", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
