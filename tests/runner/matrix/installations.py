"""Interpreters with a project's pinned packages, made once and kept outside the tree."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

PINS = Path(__file__).parent / "pins"


@dataclass(frozen=True)
class Installation:
    """`name` is a file of pins, such as py39-alembic110-sqlalchemy14."""

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def version(self) -> str:
        return re.sub(r"py3(\d+)-.*", r"3.\1", self.name)

    @property
    def pins(self) -> Path:
        return PINS / f"{self.name}.txt"

    @property
    def home(self) -> Path:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "alembic-dashboard" / "runner-matrix" / f"{self.name}-{hashlib.sha256(self.pins.read_bytes()).hexdigest()[:12]}"

    @property
    def python(self) -> str:
        return str(self.home / "bin" / "python")

    def has(self, package: str) -> bool:
        return any(line.startswith(f"{package}==") for line in self.pins.read_text().splitlines())

    def prepare(self) -> None:
        """Installs it unless that was done before. It appears whole or not at all, also when two runs want it."""
        self.home.parent.mkdir(parents=True, exist_ok=True)
        with (self.home.parent / f".{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.home.exists():
                return
            draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self.home.parent))
            try:
                uv("venv", "--quiet", "--relocatable", "--allow-existing", "--python", interpreter(self.version), str(draft))
                uv("pip", "install", "--quiet", "--require-hashes", "--python", str(draft / "bin" / "python"), "-r", str(self.pins))
                draft.rename(self.home)
            finally:
                shutil.rmtree(draft, ignore_errors=True)


ALL = [Installation(path.stem) for path in sorted(PINS.glob("*.in"))]


def interpreter(version: str) -> str:
    """A Python of this version: on the path, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [shutil.which(f"python{version}"), *sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/python")), reverse=True)]
    for candidate in found:
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    pytest.skip(f"NOT TESTED WITH PYTHON {version}: this machine has none")


def uv(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "uv", *words], capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        pytest.fail(f"uv {words[0]} ended with {done.returncode}: {done.stderr[-2000:]}", pytrace=False)
