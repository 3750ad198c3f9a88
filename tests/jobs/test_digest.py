"""What a digest covers, and what it does not: the same content gives the same digest, wherever and however it lies."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jobs import dependencies
from tests.support import figures

PLACES = [("C", "022"), ("C.utf8", "077"), ("POSIX", "000"), ("en_US.UTF-8", "027")]
EACH = int(os.environ.get("DIGESTS", "200")) // len(PLACES)  # 1,000 by hand, as docs/reliability.md tells


def copied(root: Path, to: Path, seed: int) -> Path:
    """The same files, written in another order, at other times, with other modes."""
    order = random.Random(seed)
    files = [path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    order.shuffle(files)
    for path in files:
        new = to / path.relative_to(root)
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, new)
        new.chmod(order.choice([0o600, 0o644, 0o755, 0o666]))
        os.utime(new, (order.randrange(10**9), order.randrange(10**9)))
    return to


def run(arguments: list[str], data: Path, **environment: str) -> str:
    found = subprocess.run(
        [sys.executable, "-m", "tests.jobs.digests", *arguments], env=os.environ | {"DATA_DIR": str(data)} | environment,
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-2000:]
    return found.stdout


@pytest.mark.slow
def test_a_digest_is_the_same_over_copies_locales_and_umasks(root: Path, tmp_path: Path) -> None:
    (root / "models.py").write_text("# ä, and a name that sorts differently: Z, a, _\n", encoding="utf-8")
    (root / "Zeta.py").touch()
    places = ["a", "b copy", "ümläut", "deep/er/place", "e"]
    copies = [copied(root, tmp_path / "copies" / name, seed) for seed, name in enumerate(places)]
    link = tmp_path / "link"
    link.symlink_to(copies[0])
    data = tmp_path / "data"
    data.mkdir()
    run(["make", str(root)], data)
    told = []
    for seed, (locale, umask) in enumerate(PLACES):
        marks = {"LC_ALL": locale, "LANG": locale, "PYTHONHASHSEED": str(seed), "TZ": ("UTC", "Asia/Tokyo")[seed % 2]}
        told += run(["count", str(EACH), umask, *map(str, [*copies, link])], data, **marks).splitlines()
    digests = {line.split()[0] for line in told}
    moved = sum(line.split()[1] != "0" for line in told)
    text = f"{len(told)} recomputations over {len(copies) + 1} copies, {len(PLACES)} locales and umasks"
    figures.note(f"Plan digest: {text}: {len(digests) - 1} differences, {moved} refused")
    assert (len(told), len(digests), moved) == (EACH * len(PLACES), 1, 0)


def layout(root: Path, *folders: str, settings: str = "home = /usr/bin\n") -> str:
    """An environment with these packages; answers its interpreter."""
    for folder in folders:
        (root / "lib" / "python3.11" / "site-packages" / folder).mkdir(parents=True)
    (root / "bin").mkdir(exist_ok=True)
    (root / "pyvenv.cfg").write_text(settings)
    return str(root / "bin" / "python")


def test_dependencies_are_read_from_the_names_of_folders(tmp_path: Path) -> None:
    python = layout(
        tmp_path, "SQLAlchemy-2.0.43.dist-info", "psycopg2_binary-2.9.10.dist-info", "alembic", "zope.interface-6.0-py3.11.egg-info",
        settings="home = /usr/bin\nversion_info = 3.11.7\n",
    )  # fmt: skip
    wanted = {"psycopg2-binary": "2.9.10", "python": "3.11.7", "sqlalchemy": "2.0.43", "zope-interface": "6.0"}
    assert dependencies.installed(python) == wanted


def test_packages_of_the_system_count_where_the_environment_sees_them(tmp_path: Path) -> None:
    base = tmp_path / "base"
    layout(base, "alembic-1.0.dist-info", "mako-1.3.dist-info")
    settings = f"home = {base / 'bin'}\ninclude-system-site-packages = true\n"
    found = dependencies.installed(layout(tmp_path / "venv", "alembic-1.20.1.dist-info", settings=settings))
    assert (found["alembic"], found["mako"]) == ("1.20.1", "1.3")


def test_our_own_interpreter_tells_what_pip_would() -> None:
    from importlib.metadata import version

    found = dependencies.installed("")
    assert [found[name] for name in ("alembic", "sqlalchemy", "django")] == [version(name) for name in ("alembic", "sqlalchemy", "django")]
    assert found == dependencies.installed(sys.executable)


def test_an_interpreter_that_is_not_there_has_none() -> None:
    assert dependencies.installed("/nowhere/bin/python") == {}
