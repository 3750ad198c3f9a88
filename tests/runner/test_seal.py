"""The files of the plan are hashed before anything of them is imported, and once more under the lock."""

import fcntl
import hashlib
import importlib.util
import os
import py_compile
import threading
import time
from pathlib import Path

import pytest

from runner import seal
from runner.spec import Spec
from tests.runner.projects import ENV, World, table
from tests.support import figures
from tests.support.patience import eventually


def manifest(root: Path) -> dict[str, str]:
    files = [path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    names = {os.fsencode(path.relative_to(root)).decode("utf-8", "backslashreplace"): path for path in files}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in names.items()}


def sealed(world: World) -> dict[str, object]:
    return {"root": str(world.root), "manifest": manifest(world.root)}


def spec(root: Path, known: dict[str, str]) -> Spec:
    return Spec("upgrade", "sqlite://", str(root), root=str(root), manifest=known)


def test_files_that_are_what_was_planned_run(world: World) -> None:
    seen = world.run(**sealed(world))
    assert (seen.exit.closed, world.version) == (True, ["three"])


@pytest.mark.parametrize("name", ["migrations/env.py", "migrations/versions/two.py", "alembic.ini"])
def test_a_file_that_differs_stops_the_run_before_anything_is_imported(world: World, name: str) -> None:
    known = sealed(world)
    world.write(name, (world.root / name).read_text() + "\nprint('I ran')\n")
    seen = world.run(**known)
    assert (seen.error["code"], seen.exit.closed) == ("plan_changed", False)
    assert f"1 file differs ({name})" in seen.error["message"]
    assert "I ran" not in seen.text
    assert not seen.named("connected")
    assert not world.database.exists()


def test_a_file_that_is_gone_differs(world: World) -> None:
    known = sealed(world)
    (world.root / "migrations/versions/two.py").unlink()
    assert "two.py" in world.run(**known).error["message"]


def test_a_file_that_changes_while_the_lock_is_waited_for_stops_the_run(world: World) -> None:
    """Somebody else holds the lock from before env.py begins until the file was edited."""
    world.write("migrations/env.py", "open('begun', 'w').close()\n" + ENV)
    known = sealed(world)
    world.database.touch()
    with world.database.open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        editing = threading.Thread(target=lambda: (edit_once(world.root / "begun", world), fcntl.flock(held, fcntl.LOCK_UN)))
        editing.start()
        seen = world.run(**known)
        editing.join()
    assert seen.error["code"] == "plan_changed"
    assert "migrations/versions/three.py" in seen.error["message"]
    assert world.database.stat().st_size == 0


def test_a_file_that_changes_while_env_py_works_stops_the_run_before_the_first_step(world: World) -> None:
    waiting = "open('begun', 'w').close()\n        import time; time.sleep(2)\n        context.configure(conn"
    world.write("migrations/env.py", ENV.replace("context.configure(conn", waiting))
    known = sealed(world)
    editing = threading.Thread(target=edit_once, args=(world.root / "begun", world))
    editing.start()
    seen = world.run(**known)
    editing.join()
    assert (seen.error["code"], len(seen.named("locked")), seen.named("step_started")) == ("plan_changed", 1, [])
    assert world.tables == []


def edit_once(begun: Path, world: World) -> None:
    """When env.py has made this file."""
    eventually(begun.exists, 30, "the run begins", every=0.02)
    world.write("migrations/versions/three.py", "raise SystemExit('edited')\n")


def test_a_compiled_file_beside_the_source_is_not_believed(world: World) -> None:
    """Python takes a .pyc for its source's by time and size, which anybody can set."""
    path = world.root / "migrations" / "versions" / "two.py"
    source, facts = path.read_text(), path.stat()
    path.write_text(source.replace(table("two"), table("bad")))
    os.utime(path, (facts.st_atime, facts.st_mtime))
    cached = importlib.util.cache_from_source(str(path))
    py_compile.compile(str(path), cfile=cached)
    path.write_text(source)
    os.utime(path, (facts.st_atime, facts.st_mtime))
    world.run(**sealed(world))
    assert world.tables == ["one", "three", "two"]


def test_names_that_are_no_text_are_found(tmp_path: Path) -> None:
    for name in (b"\xff\xfe.py", b"plain\\x41.py", "ümläut.py".encode()):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(name)
    known = manifest(tmp_path)
    assert len(known) == 3
    seal.verify(spec(tmp_path, known))
    with pytest.raises(seal.Failure, match="3 files differ"):
        seal.verify(spec(tmp_path, dict.fromkeys(known, "0" * 64)))


def test_what_it_costs(tmp_path: Path) -> None:
    for number in range(500):
        (tmp_path / f"module_{number}.py").write_text(f"# {number}\n" + "x = 1\n" * 700)  # about 4 KB
    known, took = manifest(tmp_path), []
    for _ in range(5):
        begun = time.perf_counter()
        seal.verify(spec(tmp_path, known))
        took.append((time.perf_counter() - begun) * 1000)
    figures.note(f"Runner: 500 files of 4 KB compared with the plan in {min(took):.0f} ms (best of {len(took)}; worst {max(took):.0f} ms)")
    assert len(known) == 500
