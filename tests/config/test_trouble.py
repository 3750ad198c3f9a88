"""What keeps the programs of an operator from working is said in a sentence, and never as a traceback."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded import free_port
from tests.support.dashboard import ROOT


def run(data: Path, *command: str, **variables: str) -> tuple[int, str]:
    """The program's end and what it said, which is one paragraph of sentences."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")}
    environment = kept | {"DATA_DIR": str(data)} | variables
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def serve(data: Path, **variables: str) -> tuple[int, str]:
    return run(data, "-m", "config.serve", "--port", str(free_port()), **variables)


SETTINGS = {
    "CONNECT_TIMEOUT": ("soon", "use a whole number"),
    "DEBUG": ("maybe", "use on or off"),
    "LOG_LEVEL": ("loud", "use DEBUG, INFO"),
    "ALLOWED_NETWORKS": ("everywhere", "Use networks such as"),
    "DATABASE_URL": ("postgres://dashboard:sec/ret@db:port/x", "DATABASE_URL cannot be read"),
    "REDIS_URL": ("redis://:sec/ret@broker:port/0", "REDIS_URL cannot be read"),
    "CREDENTIAL_KEYS": ("sec/ret", "Entry 1 of CREDENTIAL_KEYS"),
    "SECRET_KEY_FILE": ("/nonexistent", "cannot be read (No such file or directory)"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_setting_that_cannot_be_used(tmp_path, name):
    value, said = SETTINGS[name]
    status, sentence = run(tmp_path, "-m", "config.install", **{name: value})
    assert status == 1
    assert name in sentence
    assert said in sentence
    assert "sec" not in sentence.lower().replace("secret_key", "")


@pytest.mark.parametrize("url", ["mysql://dashboard:secret@127.0.0.1/x", "postgres://dashboard:secret@127.0.0.1:1/x"])
def test_store_that_is_none(tmp_path, url):
    status, sentence = run(tmp_path, "-m", "config.install", DATABASE_URL=url)
    assert status == 1
    assert "Look whether DATABASE_URL is right" in sentence or "neither PostgreSQL nor SQLite" in sentence
    assert "secret" not in sentence


def test_server_and_command_say_the_same(tmp_path):
    for command in (("-m", "config.serve", "--port", str(free_port())), ("manage.py", "audit", "verify")):
        status, sentence = run(tmp_path / "data", *command, STOP_GRACE="a while")
        assert (status, sentence) == (1, "A setting cannot be used. STOP_GRACE is 'a while'; use a whole number.\n")


@pytest.mark.parametrize("below", ["", "sub"])
def test_data_directory_that_is_a_file(tmp_path, below):
    (tmp_path / "file").touch()
    status, sentence = serve(tmp_path / "file" / below)
    assert status == 1
    assert f"The data directory {tmp_path / 'file' / below} cannot be used" in sentence


def test_key_file_that_was_emptied(tmp_path):
    (tmp_path / "credential_keys.key").touch()
    status, sentence = run(tmp_path, "-m", "config.install")
    assert status == 1
    assert "credential_keys.key is empty" in sentence
    assert (tmp_path / "credential_keys.key").read_text() == "", "a new key in its place would hide that the old one is lost"


def test_command_with_the_wrong_data_directory(tmp_path):
    status, sentence = run(tmp_path, "manage.py", "changepassword", "admin")
    assert status == 1
    assert str(tmp_path / "store.sqlite3") in sentence
    assert "look whether DATA_DIR and DATABASE_URL" in sentence


def test_file_that_cannot_be_written(installed):
    status, sentence = run(installed, "manage.py", "audit", "export", "--output", "/nonexistent/record.zip")
    assert (status, sentence) == (1, "/nonexistent/record.zip cannot be used: No such file or directory.\n")


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    data = tmp_path_factory.mktemp("trouble") / "a#b%20?c"
    status, said = run(data, "-m", "config.install", ADMIN_PASSWORD="a good password")
    assert status == 0, said
    return data


@pytest.fixture
def installed(template, tmp_path) -> Path:
    """A data directory of its own, with a store in it."""
    return Path(shutil.copytree(template, tmp_path / "data"))


def test_store_lies_in_a_directory_of_any_name(template):
    assert (template / "store.sqlite3").stat().st_size > 0
    assert not (template.parent / "a").exists()


def test_store_of_a_newer_version(installed):
    with sqlite3.connect(installed / "store.sqlite3") as store:
        store.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('jobs', '9999_later', '2030-01-01')")
    status, sentence = serve(installed)
    assert status == 1
    assert "was migrated by a newer version of the dashboard (jobs 9999_later)" in sentence


def test_store_that_is_damaged(installed):
    (installed / "store.sqlite3").write_bytes(b"no database" * 1000)
    status, sentence = serve(installed)
    assert status == 1
    assert "put a backup in its place" in sentence
