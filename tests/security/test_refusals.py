"""Hostile git addresses, refs, paths and database URLs are refused before a process starts, a name is looked up or a connection begun."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from environments.models import Database, Environment
from migrations_store.models import Project
from tests.api.conftest import Api, problem_of
from tests.security.conftest import Witness
from tests.security.corpus import GIT_URLS, NAUGHTY, PATHS, PROFILE_URLS, REFS
from tests.support.figures import note


def refused(api: Api, witness: Witness, path: str, body: dict[str, Any]) -> dict[str, Any]:
    with witness.watching() as seen:
        answer = api.call("POST", path, body)
    assert seen == []
    assert NAUGHTY not in answer.content.decode()
    found = problem_of(answer)
    assert found["status"] == 422, found
    return found


def git(**fields: str) -> dict[str, Any]:
    return {"slug": "bad", "source": {"kind": "git", "url": "https://git.example.org/shop.git"} | fields}


def with_hostile_entries(root: Path) -> Path:
    """Links that lead out or in circles, a pipe, and a configuration that is none."""
    (root / "outside").symlink_to("/")
    (root / "out.ini").symlink_to("/etc/passwd")
    (root / "loop").symlink_to(root / "loop")
    os.mkfifo(root / "pipe")
    with (root / "huge.ini").open("wb") as file:
        file.truncate(10 * 1024 * 1024)
    return root


def test_witness_sees_what_it_is_to_see(witness: Witness) -> None:
    """Else the others would prove nothing."""
    with witness.watching() as seen:
        subprocess.run(["true"], check=True)
        with pytest.raises(OSError, match="refused"):
            __import__("socket").create_connection(("127.0.0.1", 1), timeout=1)
    assert [line.split()[0] for line in seen] == ["subprocess.Popen", "socket.getaddrinfo", "socket.connect"]


@pytest.mark.parametrize("url", GIT_URLS)
def test_git_address_is_refused_before_anything_starts(api: Api, witness: Witness, url: str) -> None:
    assert refused(api, witness, "/projects", git(url=url))["errors"].keys() <= {"source", "url"}
    assert not Project.objects.exists()


@pytest.mark.parametrize("ref", REFS)
def test_git_ref_is_refused_before_anything_starts(api: Api, witness: Witness, ref: str) -> None:
    assert refused(api, witness, "/projects", git(ref=ref))["errors"].keys() <= {"source", "ref"}
    assert not Project.objects.exists()


@pytest.mark.parametrize(("field", "text"), PATHS)
def test_path_is_refused_before_anything_starts(api: Api, witness: Witness, root: Path, field: str, text: str) -> None:
    with_hostile_entries(root)
    text = text.replace("ROOT", str(root))
    source = {"kind": "directory", "path": text if field == "path" else str(root)}
    value: Any = [text] if field == "version_locations" else text
    body = {"slug": "bad", "source": source} | ({} if field == "path" else {field: value})
    refused(api, witness, "/projects", body)
    assert not Project.objects.exists()


@pytest.mark.parametrize("text", ["../x", "/etc", "..", "a/../../b", "a\0b"])
def test_subdirectory_of_a_repository_is_refused(api: Api, witness: Witness, text: str) -> None:
    refused(api, witness, "/projects", git(subdirectory=text))


@pytest.mark.parametrize("url", PROFILE_URLS)
def test_url_of_a_database_is_refused_before_anything_opens(
    api: Api, witness: Witness, project: Project, dev: Environment, url: str
) -> None:
    body = {"project": "shop", "environment": "dev", "url": url}
    assert "url" in refused(api, witness, "/databases", body)["errors"]
    assert not Database.objects.exists()


def test_count_of_refusals() -> None:
    """The tables hold no value twice."""
    tables = (("git addresses", GIT_URLS, 40), ("git refs", REFS, 20), ("paths", PATHS, 50), ("database URLs", PROFILE_URLS, 60))
    for name, values, least in tables:
        assert len(set(values)) == len(values) >= least, name
    counts = ", ".join(f"{len(values)} {name}" for name, values, _ in tables)
    note(f"hostile values refused before a process, a look-up or a connection: {counts}")
