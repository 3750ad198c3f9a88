"""Secrets at rest: bound to their row, readable under every given key, and rotated row by row."""

import base64
import io
import os
import uuid

import pytest
from django.core.management import CommandError, call_command

from config import install
from environments import secrets
from environments.errors import SecretError
from environments.models import Database


def new_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def with_password(make_database, number: int = 1) -> Database:
    return make_database(f"postgresql://u:password-{number}@h{number}/d")


def test_encrypt_is_read_back_by_the_same_row(make_database) -> None:
    database = with_password(make_database)
    assert secrets.decrypt(database) == "password-1"
    assert "password-1" not in database.secret
    assert database.secret.startswith("v1:")


def test_encrypt_never_gives_the_same_text_twice() -> None:
    row = uuid.uuid4()
    assert secrets.encrypt(row, "same") != secrets.encrypt(row, "same")


def test_decrypt_refuses_another_rows_secret(make_database) -> None:
    one, two = with_password(make_database, 1), with_password(make_database, 2)
    two.secret = one.secret
    with pytest.raises(SecretError, match="does not belong to this row"):
        secrets.decrypt(two)


@pytest.mark.parametrize("spoil", [lambda text: text[:-4] + "AAA=", lambda text: text[:12], lambda text: text + "!", lambda _: "v1:x"])
def test_decrypt_refuses_what_was_changed(make_database, spoil) -> None:
    database = with_password(make_database)
    database.secret = spoil(database.secret)
    with pytest.raises(SecretError) as caught:
        secrets.decrypt(database)
    assert "password-1" not in str(caught.value)


def test_decrypt_refuses_an_unknown_form(make_database) -> None:
    database = with_password(make_database)
    database.secret = "v9" + database.secret[2:]
    with pytest.raises(SecretError, match="form"):
        secrets.decrypt(database)


def test_decrypt_names_the_key_that_is_missing(make_database, settings) -> None:
    database = with_password(make_database)
    settings.CREDENTIAL_KEYS = [new_key()]
    with pytest.raises(SecretError, match=database.secret.split(":")[1]):
        secrets.decrypt(database)


def test_a_lost_key_is_told_when_the_dashboard_is_set_up(make_database, settings, capsys) -> None:
    database = with_password(make_database)
    install.tell_missing_keys()
    assert capsys.readouterr().err == ""
    settings.CREDENTIAL_KEYS = [new_key()]
    install.tell_missing_keys()
    assert f"1 password needs key {database.secret.split(':')[1]}, which is not among CREDENTIAL_KEYS" in capsys.readouterr().err


@pytest.mark.parametrize("keys", [[""], ["short"], [], ["не ключ"], [new_key()[:-8]]])
def test_encrypt_says_when_the_key_is_none(settings, keys: list[str]) -> None:
    settings.CREDENTIAL_KEYS = keys
    with pytest.raises(SecretError, match="Entry 1 of CREDENTIAL_KEYS"):
        secrets.encrypt(uuid.uuid4(), "x")


def test_rotate_all_moves_every_row_to_the_newest_key(make_database, settings) -> None:
    rows = [with_password(make_database, number) for number in range(5)]
    make_database("postgresql://u@h/without-a-password")
    settings.CREDENTIAL_KEYS = [new_key(), *settings.CREDENTIAL_KEYS]
    assert secrets.rotate_all(batch=2) == secrets.Rotation(rotated=5, current=0, unreadable=[])
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]
    for row in rows:
        row.refresh_from_db()
    assert [secrets.decrypt(row) for row in rows] == [f"password-{number}" for number in range(5)]


def test_rotate_all_goes_on_where_it_was_interrupted(make_database, settings) -> None:
    one, _ = with_password(make_database, 1), with_password(make_database, 2)
    settings.CREDENTIAL_KEYS = [new_key(), *settings.CREDENTIAL_KEYS]
    Database.objects.filter(pk=one.pk).update(secret=secrets.encrypt(one.pk, "password-1"))
    assert secrets.rotate_all() == secrets.Rotation(rotated=1, current=1, unreadable=[])
    assert secrets.rotate_all() == secrets.Rotation(rotated=0, current=2, unreadable=[])


def test_rotate_all_passes_by_what_it_cannot_read(make_database, settings) -> None:
    lost, _ = with_password(make_database, 1), with_password(make_database, 2)
    Database.objects.filter(pk=lost.pk).update(secret="v1:00000000:AAAA")
    settings.CREDENTIAL_KEYS = [new_key(), *settings.CREDENTIAL_KEYS]
    assert secrets.rotate_all(batch=1) == secrets.Rotation(rotated=1, current=0, unreadable=[str(lost)])


def test_rotate_credentials_prints_its_counts(make_database, settings) -> None:
    with_password(make_database)
    settings.CREDENTIAL_KEYS = [new_key(), *settings.CREDENTIAL_KEYS]
    output = io.StringIO()
    call_command("rotate_credentials", stdout=output)
    assert "1 encrypted anew" in output.getvalue()
    assert "older keys may go" in output.getvalue()


def test_rotate_credentials_fails_while_a_row_is_left(make_database) -> None:
    database = with_password(make_database)
    Database.objects.update(secret="v1:00000000:AAAA")
    with pytest.raises(CommandError, match=str(database)):
        call_command("rotate_credentials", stdout=io.StringIO())
