"""What is pushed with: kept sealed, for one server, and never shown."""

import subprocess
from pathlib import Path

import pytest

from accounts.models import Role, User
from audit.models import AuditEntry
from config import keys
from config.errors import Conflict, Forbidden, Invalid
from migrations_store import credentials
from migrations_store.errors import SourceError
from migrations_store.models import Project, PushCredential

TOKEN = "glpat-very-secret-1"


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_user("ada", password="correct horse", role=Role.ADMIN)


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(slug="shop", source_kind="git", source_url="https://git.example.org/shop.git")


def private_key(place: Path, passphrase: str = "", kind: str = "ed25519") -> str:
    path = place / f"{kind}{passphrase}"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(path)], check=True)
    return path.read_text()


def test_token_goes_in_and_comes_out_for_git_alone(project: Project, admin: User) -> None:
    assert "no credentials" in credentials.missing(project)
    credentials.set_credential(project, user=admin, token=f" {TOKEN}\n")
    row = PushCredential.objects.get()
    opened = credentials.opened(project)
    assert (opened.kind, opened.username, opened.secret, credentials.missing(project)) == ("token", "git", TOKEN, "")
    assert TOKEN not in row.sealed + repr(row) + repr(opened) + str(AuditEntry.objects.values_list("detail", flat=True))
    assert (row.server, row.set_by) == ("https://git.example.org", "ada")


def test_credentials_open_for_their_server_alone(project: Project, admin: User) -> None:
    """Whoever may change the source's address does not thereby learn the token."""
    credentials.set_credential(project, user=admin, token=TOKEN)
    project.source_url = "https://evil.example.org/shop.git"
    project.save()
    assert "kept credentials are for https://git.example.org" in credentials.missing(project)
    with pytest.raises(SourceError, match="anew"):
        credentials.opened(project)
    PushCredential.objects.update(server="https://evil.example.org")
    with pytest.raises(SourceError, match="cannot be opened"):
        credentials.opened(project)


def test_credentials_of_another_project_do_not_open(project: Project, admin: User) -> None:
    other = Project.objects.create(slug="other", source_kind="git", source_url=project.source_url)
    credentials.set_credential(project, user=admin, token=TOKEN)
    PushCredential.objects.update(project=other)
    with pytest.raises(SourceError, match="cannot be opened"):
        credentials.opened(other)


def test_key_without_passphrase_is_taken_for_ssh(project: Project, admin: User, tmp_path: Path) -> None:
    project.source_url = "git@git.example.org:shop.git"
    project.save()
    key = private_key(tmp_path)
    credentials.set_credential(project, user=admin, key=key.replace("\n", "\r\n"))
    assert (credentials.opened(project).secret, credentials.opened(project).kind) == (key, "key")
    for wrong in ("", "x", key.replace("PRIVATE", "PUBLIC"), key + "extra\n"):
        with pytest.raises(Invalid):
            credentials.set_credential(project, user=admin, key=wrong)
    with pytest.raises(Invalid, match="passphrase"):
        credentials.set_credential(project, user=admin, key=private_key(tmp_path, "secret words"))
    with pytest.raises(Invalid):
        credentials.set_credential(project, user=admin, token=TOKEN)


@pytest.mark.parametrize("token", ["", "a b c d", "abc", "line\nbreak", "ключ-ключ"])
def test_token_that_is_none_is_refused(project: Project, admin: User, token: str) -> None:
    with pytest.raises(Invalid):
        credentials.set_credential(project, user=admin, token=token)
    assert not PushCredential.objects.exists()


def test_source_that_needs_none_takes_none(project: Project, admin: User, tmp_path: Path) -> None:
    project.source_url = f"file://{tmp_path}"
    with pytest.raises(Conflict, match="needs no credentials"):
        credentials.set_credential(project, user=admin, token=TOKEN)
    assert (credentials.missing(project), credentials.opened(project).kind) == ("", "")
    project.source_kind = "directory"
    with pytest.raises(Conflict, match="never writes to"):
        credentials.missing(project)


def test_those_who_configure_set_and_forget(project: Project, admin: User) -> None:
    lead = User.objects.create_user("lea", password="correct horse", role=Role.LEAD)
    for call in (credentials.set_credential, credentials.forget_credential, credentials.known):
        with pytest.raises(Forbidden):
            call(project, user=lead)
    credentials.set_credential(project, user=admin, token=TOKEN)
    credentials.forget_credential(project, user=admin)
    assert not PushCredential.objects.exists()
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["project.push_credential", "project.push_credential_removed"]


def test_keys_are_rotated(project: Project, admin: User, settings) -> None:
    credentials.set_credential(project, user=admin, token=TOKEN)
    old = settings.CREDENTIAL_KEYS[0]
    settings.CREDENTIAL_KEYS = [keys.new_credential_key(), old]
    assert credentials.rotate_all() == (1, 0, [])
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]
    assert credentials.opened(project).secret == TOKEN
    assert credentials.rotate_all() == (0, 1, [])
    settings.CREDENTIAL_KEYS = [keys.new_credential_key()]
    assert credentials.rotate_all() == (0, 0, ["push credentials of shop"])
