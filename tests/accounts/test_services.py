"""Tokens: random, kept as hashes, shown once, and worth nothing once they or their user are gone."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.core import serializers
from django.utils import timezone

from accounts import services
from accounts.models import ApiToken, Role, User
from audit.models import AuditEntry
from config.errors import Forbidden, Invalid

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password="correct horse", role=Role.OPERATOR)


@pytest.fixture
def plain(ada: User) -> str:
    return services.create_token(ada, by=ada, name="ci")[1]


def test_token_is_kept_as_a_hash_and_told_nowhere_else(ada: User, plain: str) -> None:
    kept = serializers.serialize("json", [*ApiToken.objects.all(), *AuditEntry.objects.all()])
    assert ApiToken.objects.get().digest == hashlib.sha256(plain.encode()).hexdigest()
    assert plain not in kept
    assert plain[8:] not in kept
    assert len(plain) >= 43


def test_no_two_tokens_are_alike(ada: User) -> None:
    assert len({services.create_token(ada, by=ada, name="x")[1] for _ in range(50)}) == 50


def test_token_ends_with_its_user(ada: User, plain: str) -> None:
    assert services.authenticate_token(plain) == ada
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert services.authenticate_token(plain) is None
    User.objects.filter(pk=ada.pk).update(is_active=True)
    ada.delete()
    assert services.authenticate_token(plain) is None
    assert not ApiToken.objects.exists()


def test_token_ends_when_it_is_revoked_or_expires(ada: User, plain: str) -> None:
    token = ApiToken.objects.get()
    ApiToken.objects.update(expires_at=timezone.now())
    assert services.authenticate_token(plain) is None
    ApiToken.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert services.authenticate_token(plain) == ada
    services.revoke_token(ada, token.pk, by=ada)
    assert services.authenticate_token(plain) is None


def test_use_is_noted_at_most_once_a_minute(ada: User, plain: str) -> None:
    services.authenticate_token(plain)
    first = ApiToken.objects.get().last_used_at
    services.authenticate_token(plain)
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    services.authenticate_token(plain)
    assert ApiToken.objects.get().last_used_at > first


@pytest.mark.parametrize(
    "change", [str.upper, str.lower, lambda text: text[:-1], lambda text: text + " ", lambda text: "", lambda text: text[4:]]
)
def test_token_that_is_not_exactly_it_is_none(plain: str, change) -> None:
    assert services.authenticate_token(change(plain)) is None


def test_token_of_someone_else_is_made_and_revoked_by_administrators_only(ada: User, plain: str) -> None:
    bob = User.objects.create_user("bob", password="correct horse", role=Role.OPERATOR)
    with pytest.raises(Forbidden):
        services.create_token(ada, by=bob, name="x")
    with pytest.raises(Forbidden):
        services.revoke_token(ada, ApiToken.objects.get().pk, by=bob)


def test_token_lives_a_year_at_most(ada: User) -> None:
    with pytest.raises(Invalid):
        services.create_token(ada, by=ada, name="x", expires_at=timezone.now() + timedelta(days=400))


def test_every_change_to_tokens_leaves_an_entry(ada: User, plain: str) -> None:
    services.revoke_token(ada, ApiToken.objects.get().pk, by=ada)
    entries = AuditEntry.objects.order_by("seq").values_list("action", "detail")
    assert [action for action, _ in entries] == ["token.create", "token.revoke"]
    assert all(plain not in json.dumps(detail) for _, detail in entries)
