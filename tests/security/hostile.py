"""Broken and hostile migration projects, each as what it changes in one that is right: paths to texts, or a function of the root."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

Change = dict[str, str | bytes] | Callable[[Path], object]
INI = "alembic.ini"
ENV = "migrations/env.py"
ONE = "migrations/versions/one.py"


def ini(text: str) -> Change:
    return {INI: "[alembic]\n" + text + "\n"}


def env(text: str) -> Change:
    return {ENV: text}


def revision(*lines: str, id: str = "'four'", down: str = "'three'", name: str = "four") -> Change:
    text = f'"""message"""\nrevision = {id}\ndown_revision = {down}\n' + "\n".join(lines) + "\ndef upgrade(): pass\ndef downgrade(): pass\n"
    return {f"migrations/versions/{name}.py": text}


def _without(*names: str) -> Change:
    return lambda root: [shutil.rmtree(root / name) if (root / name).is_dir() else (root / name).unlink() for name in names]


def _file_for_folder(root: Path) -> None:
    shutil.rmtree(root / "migrations/versions")
    (root / "migrations/versions").write_text("x")


def _linked(name: str, target: str) -> Change:
    def change(root: Path) -> None:
        path = root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        path.symlink_to(target)

    return change


def _compiled_only(root: Path) -> None:
    import py_compile

    for path in list((root / "migrations/versions").glob("*.py")):
        py_compile.compile(str(path), cfile=str(path) + "c", doraise=True)
        path.unlink()


def _many(count: int) -> Change:
    def change(root: Path) -> None:
        down = "three"
        for number in range(count):
            text = f"revision = 'n{number}'\ndown_revision = {down!r}\ndef upgrade(): pass\ndef downgrade(): pass\n"
            (root / f"migrations/versions/n{number}.py").write_text(text)
            down = f"n{number}"

    return change


def _pipes(root: Path) -> None:
    os.mkfifo(root / "migrations/versions/pipe.py")
    os.mkfifo(root / "migrations/pipe.ini")


def _unnamed(root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root / "migrations/versions") + b"/\xff\xfe.py")).write_text("revision = 'x'\ndown_revision = None\n")


PROJECTS: dict[str, Change] = {
    "no alembic.ini": _without(INI),
    "empty ini": {INI: ""},
    "ini without its section": {INI: "[other]\nx = 1\n"},
    "binary ini": {INI: os.urandom(4096)},
    "ini in UTF-16": {INI: "[alembic]\nscript_location = migrations\n".encode("utf-16")},
    "ini with a byte order mark": {INI: b"\xef\xbb\xbf[alembic]\nscript_location = migrations\n"},
    "ini of 10 MB": {INI: "[alembic]\nscript_location = migrations\n" + "# x\n" * 2_600_000},
    "section twice": {INI: "[alembic]\nscript_location = migrations\n[alembic]\nscript_location = /etc\n"},
    "single percent": ini("script_location = migrations%\nx = %"),
    "percent that stands for nothing": ini("script_location = %(nothing)s/migrations"),
    "percent in circles": ini("script_location = %(a)s\na = %(b)s\nb = %(a)s"),
    "no script_location": ini("x = 1"),
    "absolute script_location": ini("script_location = /etc"),
    "script_location upwards": ini("script_location = ../../../etc"),
    "script_location by %(here)s upwards": ini("script_location = %(here)s/../../etc"),
    "script_location is a link to /": _linked("migrations", "/"),
    "script_location is a link to itself": _linked("migrations", "migrations"),
    "package that is not there": ini("script_location = nothing:migrations"),
    "package of Python itself": ini("script_location = json:tool"),
    "unknown path_separator": ini("script_location = migrations\npath_separator = evil\nversion_locations = a b"),
    "version_locations outside": ini("script_location = migrations\nversion_locations = /etc /proc/self"),
    "broken pyproject.toml": {"pyproject.toml": "[tool.alembic\n"},
    "pyproject.toml with other types": {INI: "", "pyproject.toml": "tool = 7\n"},
    "deep pyproject.toml": {INI: "[alembic]\n", "pyproject.toml": "x = " + "[" * 5000},
    "no env.py": _without(ENV),
    "empty env.py": env(""),
    "env.py with a syntax error": env("def ("),
    "env.py with tabs and latin-1": env("if 1:\n\tx = 1\n        y = '\xe9'\n"),
    "env.py with NUL": {ENV: b"x = 1\0\n"},
    "env.py that imports what is not there": env("import nobody_has_this\n"),
    "env.py that exits": env("import sys; sys.exit(0)\n"),
    "env.py that ends the process": env("import os; os._exit(0)\n"),
    "env.py that interrupts": env("raise KeyboardInterrupt\n"),
    "env.py that loops": env("while True: pass\n"),
    "env.py that sleeps": env("import time; time.sleep(3600)\n"),
    "env.py that asks": env("input()\n"),
    "env.py that asks for a password": env("import getpass; getpass.getpass()\n"),
    "env.py with a breakpoint": env("breakpoint()\n"),
    "env.py that prints without end": env("while True: print('x' * 10000)\n"),
    "env.py that forks": env("import os\nwhile True: os.fork()\n"),
    "env.py that crashes the interpreter": env("import ctypes; ctypes.string_at(0)\n"),
    "env.py that recurses": env("def f(): f()\nf()\n"),
    "env.py that eats memory": env("x = []\nwhile True: x.append(bytearray(10**8))\n"),
    "env.py that deletes": env("import shutil; shutil.rmtree('/tmp/security-nothing')\n"),
    "env.py that is a link to a device": _linked(ENV, "/dev/zero"),
    "env.py that is a link to itself": _linked(ENV, "env.py"),
    "versions is missing": _without("migrations/versions"),
    "versions is a file": _file_for_folder,
    "versions is a link out": _linked("migrations/versions", "/etc"),
    "versions is a link to itself": _linked("migrations/versions", "versions"),
    "a revision is a link out": _linked(ONE, "/etc/passwd"),
    "a revision is a link to a device": _linked(ONE, "/dev/zero"),
    "a revision is a link to nowhere": _linked(ONE, "absent.py"),
    "a revision is a link to itself": _linked(ONE, "one.py"),
    "a revision is a pipe": _pipes,
    "a revision that is a folder": lambda root: (root / "migrations/versions/folder.py").mkdir(),
    "a revision with a name that is no text": _unnamed,
    "a revision of 20 MB": {ONE: "revision = 'one'\ndown_revision = None\nx = '" + "y" * 20_000_000 + "'\n"},
    "a revision that is binary": {ONE: os.urandom(4096)},
    "a revision with NUL": {ONE: b"revision = 'one'\0\ndown_revision = None\n"},
    "a revision in an unknown encoding": {ONE: "# -*- coding: evil -*-\nrevision = 'one'\ndown_revision = None\n"},
    "a revision in UTF-7": {ONE: "# -*- coding: utf-7 -*-\n# +AAo-import os\nrevision = 'one'\ndown_revision = None\n"},
    "a revision nested beyond the parser": {ONE: "revision = 'one'\ndown_revision = None\nx = " + "(" * 5000 + ")" * 5000 + "\n"},
    "a revision of one long sum": {ONE: "revision = 'one'\ndown_revision = None\nx = " + "1 + " * 20_000 + "1\n"},
    "a revision with a number of 10,000 digits": {ONE: "revision = 'one'\ndown_revision = None\nx = " + "9" * 10_000 + "\n"},
    "a revision with effects": {ONE: "__import__('os').system('touch /tmp/security-ran')\nrevision = 'one'\ndown_revision = None\n"},
    "only compiled revisions": _compiled_only,
    "2,000 revisions": _many(2000),
}  # fmt: skip

GRAPHS: dict[str, Change] = {
    "a cycle": revision(down="'three'") | revision(id="'three'", down="'four'", name="three"),  # type: ignore[operator]
    "a loop to itself": revision(down="'four'"),
    "a cycle beside the line": revision(id="'x'", down="'y'", name="x") | revision(id="'y'", down="'x'", name="y"),  # type: ignore[operator]
    "a cycle through depends_on": revision("depends_on = 'five'") | revision("depends_on = 'four'", id="'five'", name="five"),  # type: ignore[operator]
    "two bases": revision(down="None"),
    "two heads": revision(down="'two'"),
    "a parent that is missing": revision(down="'zz'"),
    "an id twice, same parent": revision(id="'three'", down="'two'"),
    "an id twice, other parent": revision(id="'one'", down="'three'"),
    "an id that is a number": revision(id="4"),
    "an id that is None": revision(id="None"),
    "an id that is empty": revision(id="''"),
    "an id of 60 letters": revision(id=repr("a" * 60)),
    "an id of 5,000 letters": revision(id=repr("a" * 5000)),
    "an id with signs of Alembic's": revision(id="'a+b:c@d'"),
    "an id that is markup": revision(id="'<script>alert(1)</script>'"),
    "an id that is an emoji": revision(id="'\U0001f600'"),
    "an id with half a character": revision(id=r"'\ud800'"),
    "an id with NUL": revision(id=r"'a\0b'"),
    "an id with a slash": revision(id="'../../x'"),
    "an id that is head": revision(id="'head'"),
    "an id that is base": revision(id="'base'"),
    "ids that differ in case": revision(id="'ONE'"),
    "fifty parents that are missing": revision(down=repr(tuple(f"p{n}" for n in range(50)))),
    "a parent that is a number": revision(down="7"),
    "a parent that is a dictionary": revision(down="{'a': 1}"),
    "a dependency that is missing": revision("depends_on = 'zz'"),
    "a label that two have": revision("branch_labels = 'x'") | revision("branch_labels = 'x'", id="'b'", down="'one'", name="b"),  # type: ignore[operator]
    "a label that is an id": revision("branch_labels = ('one',)"),
    "a label that is markup": revision("branch_labels = '<img src=x onerror=alert(1)>'"),
    "a label that is a number": revision("branch_labels = 7"),
    "a file without revision": {"migrations/versions/helper.py": "x = 1\n"},
    "a computed id": revision(id="'a' + str(1)"),
    "a computed parent": revision(down="__import__('os').getcwd()"),
    "an id from a call with effects": revision(id="__import__('os').system('touch /tmp/security-ran')"),
}
