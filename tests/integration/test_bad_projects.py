"""Projects that misbehave end as failed jobs whose error says what happened; nothing of them stays."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.integration.stage import says_who
from tests.runner.projects import ENV, World, table
from tests.support.patience import eventually, is_gone

pytestmark = pytest.mark.slow
FLOOD = """\
for number in range(50 * 1024):
    print(f"{number:06}", "x" * 1016)
raise RuntimeError("the cellar is full")
"""
DAEMON = """\
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        {who}
        time.sleep(300)
    os._exit(0)
time.sleep(0.3)
"""
ESCAPING = """\
escaping = "import os, time; print(os.getpid(), file=open({path!r}, 'a'), flush=True); time.sleep(300)"
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve(sys.executable, [sys.executable, "-c", escaping], {{}})
    os._exit(0)
time.sleep(0.5)
"""
BAD = {
    "exits": ("sys.exit(3)", "exited", "The project's code ended the process with sys.exit(3) (migrations/env.py, line 2)."),
    "exits at once": ("os._exit(0)", "killed", "It was killed, or its code ended it at once."),
    "floods": (FLOOD, "project_error", "RuntimeError: the cellar is full (migrations/env.py, line"),
    "hangs": (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(300)",
        "timed_out",
        "It reached the longest time that a job may take.",
    ),
    "needs a module": ("import nobody_has_this", "AM-112", "No module named 'nobody_has_this'"),
    "asks": ("input('Really? ')", "project_error", "EOFError: EOF when reading a line"),
    "leaves a daemon": (DAEMON + "raise RuntimeError('a daemon is loose')", "project_error", "RuntimeError: a daemon is loose"),
    "leaves a daemon that escapes": (
        ESCAPING + "raise RuntimeError('a daemon is loose')",
        "project_error",
        "RuntimeError: a daemon is loose",
    ),
}


@pytest.fixture(scope="module")
def ended(stage, tmp_path_factory):
    """All of them at once, each with the file in which its daemon says who it is."""
    asked = {}
    for name, (code, _, _) in BAD.items():
        place = tmp_path_factory.mktemp("bad")
        world = World(place / "project")
        world.revision("one", table("one"))
        code = code.replace("{who}", says_who(place / "pids")).replace("{path!r}", repr(str(place / "pids"))).replace("{{}}", "{}")
        world.write("migrations/env.py", f"import os, signal, sys, time\n{code}\n{ENV}")
        database = stage.add(world)
        asked[name] = (database, database.request(), place / "pids")
    return {name: (database, stage.api.ended(job, 90), pids) for name, (database, job, pids) in asked.items()}


@pytest.mark.parametrize("name", BAD)
def test_bad_project_ends_as_a_failed_job_that_says_so(ended, name):
    database, job, _ = ended[name]
    _, code, sentence = BAD[name]
    assert (job["status"], job["database_state"], job["error"]["code"]) == ("failed", "unchanged", code)
    assert sentence in job["error"]["why"]
    assert "The database is as it was before." in job["error"]["why"]
    assert job["error"]["next"]
    assert (database.target.version, database.target.tables) == ([], [])


@pytest.mark.parametrize("name", ["leaves a daemon", "leaves a daemon that escapes"])
def test_daemon_ends_with_its_job(ended, name):
    pids = [int(text) for text in ended[name][2].read_text().split()]
    assert pids
    eventually(lambda: all(is_gone(pid) for pid in pids), 5, "what was killed has ended")


def test_flood_keeps_its_beginning_and_its_end(stage, ended):
    log = stage.api.log(ended["floods"][1]["id"])
    assert len(log) < 16 * 1024 * 1024
    assert "bytes dropped]" in log
    assert log.count("RuntimeError: the cellar is full") == 1
    assert ("000001 xxx" in log, "025000 xxx" in log, "051199 xxx" in log) == (True, False, True)


def test_daemon_does_not_hold_up_a_migration_that_succeeds(stage, world: World, tmp_path: Path):
    world.revision("one", DAEMON.format(who=says_who(tmp_path / "pids")) + table("one"))
    job = stage.add(world).run()
    took = datetime.fromisoformat(job["finished_at"]) - datetime.fromisoformat(job["started_at"])
    assert (job["status"], took.total_seconds() < 15) == ("succeeded", True)
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert pids
    eventually(lambda: all(is_gone(pid) for pid in pids), 5, "what was killed has ended")
