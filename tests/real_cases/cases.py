"""Histories that other people wrote, each in a virtual environment of its own, which is made once and kept outside the tree."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PYTHON = f"py{sys.version_info.major}.{sys.version_info.minor}"
INDEX = "https://pypi.org/simple/pip/"


@dataclass(frozen=True)
class Case:
    """`folder` is what is registered, below site-packages; `more` are further fields of the project."""

    name: str
    version: str
    folder: str
    revisions: int
    more: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def pins(self) -> Path:
        return HERE / "pins" / f"{self.name}.txt"

    @property
    def home(self) -> Path:
        """Where the case's virtual environment is kept."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "alembic-dashboard" / "real-cases" / f"{self.name}-{self.version}-{PYTHON}"

    @property
    def python(self) -> Path:
        return self.home / "bin" / "python"

    @property
    def source(self) -> Path:
        if self.name == "keystone":
            return self.home / "source"
        return next(self.home.glob("lib/python3.*/site-packages")) / self.folder

    @property
    def fields(self) -> dict[str, Any]:
        """The body that registers the project."""
        env_vars = {name: text.replace("HOME", str(self.home / "home")) for name, text in self.more.get("env_vars", {}).items()}
        source = {"kind": "directory", "path": str(self.source)}
        return {"slug": self.name, "source": source, "python": str(self.python)} | self.more | {"env_vars": env_vars}

    def as_alembic_sees_it(self) -> dict[str, Any]:
        """The graph, told by Alembic itself in the case's own environment."""
        config = self.source / "alembic.ini"
        words = [
            str(self.python),
            str(HERE / "told_by_alembic.py"),
            str(config) if config.exists() else "",
            self.more.get("script_location", ""),
        ]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home / "home")}
        environment |= {name: text for name, text in self.fields["env_vars"].items() if "{" not in text}
        done = subprocess.run(words, cwd=self.source, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


OPTUNA = Case("optuna", "5.0.0", "optuna/storages/_rdb", 10)
QUETZ = Case("quetz-server", "0.10.4", "quetz", 20, {"script_location": "migrations"})
AIRFLOW = Case(
    "apache-airflow-core", "3.3.2", "airflow", 124, {"env_vars": {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "{url}", "AIRFLOW_HOME": "HOME"}}
)
KEYSTONE = Case("keystone", "30.0.0", "keystone/common/sql", 10)
CASES = [OPTUNA, QUETZ, AIRFLOW, KEYSTONE]


def prepare(case: Case) -> None:
    """Installs the case unless that was done before with the same pins. It appears whole or not at all, also when two runs want it."""
    case.home.parent.mkdir(parents=True, exist_ok=True)
    with (case.home.parent / f".{case.home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp(case.home) == wanted(case):
            return
        shutil.rmtree(case.home, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=case.home.parent))
        try:
            install(case, draft)
            (draft / "stamp").write_text(wanted(case))
            draft.rename(case.home)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def stamp(place: Path) -> str:
    return (place / "stamp").read_text() if (place / "stamp").exists() else ""


def wanted(case: Case) -> str:
    """Changes with the pins, and with how a case is made."""
    return hashlib.sha256(case.pins.read_bytes() + Path(__file__).read_bytes()).hexdigest()


def install(case: Case, place: Path) -> None:
    uv("venv", "--quiet", "--relocatable", "--allow-existing", "--python", sys.executable, str(place))
    uv("pip", "install", "--quiet", "--no-deps", "--python", str(place / "bin" / "python"), "--requirement", str(case.pins))
    (place / "home").mkdir()
    if case is KEYSTONE:
        copy_keystone(next(place.glob("lib/python3.*/site-packages")) / case.folder, place / "source")


def copy_keystone(package: Path, place: Path) -> None:
    """As a team has to: plain Alembic reads none of its sub-directories, and its env.py needs options that its own command registers."""
    shutil.copytree(package / "migrations", place / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    config = (package / "alembic.ini").read_text()
    (place / "alembic.ini").write_text(config.replace("[alembic]\n", "[alembic]\nrecursive_version_locations = true\n", 1))
    env = place / "migrations" / "env.py"
    env.write_text("import keystone.conf\n\nkeystone.conf.configure()\n" + env.read_text())


def uv(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "uv", *words], capture_output=True, text=True, timeout=600, check=False)
    if done.returncode == 0:
        return
    if is_offline():
        pytest.skip("THE REAL CASES WERE NOT TESTED: they are not installed yet, and the package index cannot be reached.")
    pytest.fail(f"uv {words[0]} ended with {done.returncode}: {done.stderr[-2000:]}", pytrace=False)


def is_offline() -> bool:
    try:
        urllib.request.urlopen(INDEX, timeout=10).close()
    except urllib.error.HTTPError:  # it answers, if with nothing good
        return False
    except OSError:
        return True
    return False
