"""The shell commands of the README and of docs/api.md do what is said, against a server as script/server starts it."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.conftest import root  # noqa: F401 the project of three revisions
from tests.support.dashboard import TOKEN, Api, Dashboard, serving

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
API = (ROOT / "docs/api.md").read_text()
NEEDED = [program for program in ("curl", "jq") if shutil.which(program) is None]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(NEEDED), reason=f"the examples need {' and '.join(NEEDED)}, which is not installed"),
]


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    with serving(tmp_path_factory.mktemp("examples"), ADMIN_TOKEN=TOKEN) as found:
        found.wait_until_ready()
        yield found


def block(text: str, first: str) -> str:
    """The shell block that begins so."""
    return next(found for found in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL) if found.startswith(first))


def changed(text: str, **places: str) -> str:
    """Each example stands for something else here; it has to be in the text."""
    for example, real in places.items():
        assert example in text
        text = text.replace(example, real)
    return text


def shell(script: str, **variables: str) -> str:
    environment = {"PATH": "/usr/bin:/bin", "TOKEN": TOKEN, "NO_PROXY": "*"} | variables
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=90
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_readme_leads_to_an_upgraded_database(dashboard: Dashboard, root: Path, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "shop.db"
    path.touch()
    places = {"http://127.0.0.1:8000": f"http://127.0.0.1:{dashboard.port}", "/srv/shop/.venv/bin/python": sys.executable}
    places |= {"/srv/shop": str(root), "postgresql+psycopg2://shop:secret@127.0.0.1:5432/shop": f"sqlite:///{path}"}
    places |= {"THE ID OF THE ANSWER": "'$ID'"}
    script = changed(block(README, "api() {"), **places)
    script = re.sub(r"^(api databases .*)$", r'ID="$(\1 | jq -r .id)"', script, flags=re.MULTILINE)
    asked = last_json(shell(script))
    job = Api(dashboard.port).ended(asked["id"])
    assert (job["status"], job["database_state"], job["heads_after"]) == ("succeeded", "at_target", ["three"])


def test_the_pipeline_ends_well_and_may_be_run_again(dashboard: Dashboard, root: Path, tmp_path: Path) -> None:  # noqa: F811
    database = registered(dashboard, "well", root, tmp_path)
    printed = pipeline(dashboard, database)
    assert "upgrade three makes three" in printed
    assert '"status": "succeeded"' in printed
    assert '"status": "succeeded"' in pipeline(dashboard, database)
    assert Api(dashboard.port).get(f"/jobs?database={database}")["count"] == 1


def test_the_pipeline_fails_with_its_job(dashboard: Dashboard, root: Path, tmp_path: Path) -> None:  # noqa: F811
    database = registered(dashboard, "ill", root, tmp_path)
    with sqlite3.connect(tmp_path / "ill.db") as connection:
        connection.execute("CREATE TABLE t_two (id INTEGER)")
    with pytest.raises(AssertionError, match="AM-303"):
        pipeline(dashboard, database)


def pipeline(dashboard: Dashboard, database: str) -> str:
    return shell(block(API, "#!/usr/bin/env bash"), DASHBOARD=url(dashboard), DATABASE=database, RUN=f"release of {database}")


def url(dashboard: Dashboard) -> str:
    return f"http://127.0.0.1:{dashboard.port}"


def registered(dashboard: Dashboard, name: str, root: Path, tmp_path: Path) -> str:  # noqa: F811
    """Environment, project and database of that name, by the function that docs/api.md defines; answers the database's id."""
    path = tmp_path / f"{name}.db"
    path.touch()
    bodies = {
        "environments": {"slug": name, "name": name},
        "projects": {"slug": name, "source": {"kind": "directory", "path": str(root)}},
        "databases": {"project": name, "environment": name, "url": f"sqlite:///{path}"},
    }
    function = next(line for line in block(API, "export DASHBOARD").splitlines() if line.startswith("api() {"))
    calls = [f"api {noun} --data '{json.dumps(body)}'" for noun, body in bodies.items()]
    return str(last_json(shell("\n".join([function, *calls]), DASHBOARD=url(dashboard)))["id"])


def last_json(text: str) -> dict[str, Any]:
    """The last of several objects that follow each other."""
    decoder, place, found = json.JSONDecoder(), 0, {}
    while (place := text.find("{", place)) >= 0:
        found, place = decoder.raw_decode(text, place)
    return found
