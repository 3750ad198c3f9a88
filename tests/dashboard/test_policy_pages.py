"""The pages of an environment's rules: what they say, the editor with and without its preview, and the second person."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Role, User
from environments import changes, policies
from environments.models import Environment, Policy, PolicyChange
from tests.support.sessions import signed_in

FORM = {"approvals": "2", "approver_role": "lead", "approval_hours": "24", "backup_timeout": "60", "break_glass": "on"}
WINDOW = {"w0_days": ["0", "4"], "w0_from": "22:00", "w0_to": "06:00", "time_zone": "Europe/Berlin"}


@pytest.fixture
def prod(add_environment: Any) -> Environment:
    made: Environment = add_environment("prod", 3, protected=True)
    return made


@pytest.fixture
def lena(db: None) -> User:
    return User.objects.create_user("lena", password="correct horse", role=Role.LEAD)


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_environment_page_says_what_holds(client: Client, prod: Environment) -> None:
    assert "prod will need 1 approval from a reviewer" in page(client, "/settings/environments/prod/")


def test_environment_page_without_a_policy_says_that_nothing_may_run(client: Client, prod: Environment) -> None:
    Policy.objects.all().delete()
    assert "Nothing may run here" in page(client, "/settings/environments/prod/")


def test_policy_page_saves_at_once_where_nothing_is_protected(client: Client, dev: Environment) -> None:
    assert client.post("/settings/environments/dev/policy", FORM | WINDOW).status_code == 302
    rules = policies.rules_in(dev, None)
    assert (rules.approvals, rules.approver_role, rules.break_glass) == (2, "lead", True)
    assert rules.windows == ({"days": [0, 4], "from": "22:00", "to": "06:00"},)
    again = page(client, "/settings/environments/dev/policy")
    assert 'value="22:00"' in again
    assert "Jobs run only Mon, Fri 22:00–06:00, by the clock of Europe/Berlin." in again


def test_policy_page_proposes_where_it_is_protected_and_shows_before_and_after(client: Client, prod: Environment, lena: User) -> None:
    client.post("/settings/environments/prod/policy", FORM | {"reason": "More eyes"})
    change = PolicyChange.objects.get()
    assert policies.rules_in(prod, None).approvals == 1
    own = page(client, "/settings/environments/prod/")
    assert "Withdraw it" in own
    assert "Approve this change" not in own
    theirs = page(signed_in(lena), "/settings/environments/prod/")
    for words in ("Approve this change", "More eyes", "Change the policy of prod", "Reviewer", "Lead"):
        assert words in theirs
    assert signed_in(lena).post(f"/settings/policy-changes/{change.pk}/decision", {"decision": "approve"}).status_code == 302
    assert policies.rules_in(prod, None).approvals == 2


def test_policy_page_saves_nothing_when_asked_what_it_means(client: Client, prod: Environment) -> None:
    answer = client.post("/settings/environments/prod/policy", FORM | WINDOW | {"preview": "1"})
    assert "2 approvals by different people from a lead" in answer.content.decode()
    assert 'value="22:00"' in answer.content.decode()
    assert not PolicyChange.objects.exists()


def test_policy_words_answers_a_part_of_the_page(client: Client, prod: Environment) -> None:
    answer = client.post("/settings/environments/prod/policy/words", FORM | {"forbid_stamp": "on"}, headers={"HX-Request": "true"})
    assert "Forbidden: stamps." in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert "cannot be read yet" in client.post("/settings/environments/prod/policy/words", FORM | {"approvals": "x"}).content.decode()


WRONG = [({"approvals": "11"}, "approvals"), ({"time_zone": "Mars"}, "no time zone"), ({"backup_command": "a {x}"}, "is not filled in")]
WRONG += [({"w0_days": ["0"], "w0_from": "22:00"}, "times are written as"), ({"w0_from": "22:00", "w0_to": "23:00"}, "at least one")]


@pytest.mark.parametrize(("fields", "said"), WRONG)
def test_policy_page_says_what_is_wrong(client: Client, dev: Environment, fields: dict[str, Any], said: str) -> None:
    answer = client.post("/settings/environments/dev/policy", FORM | fields)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Policy.objects.exists()


def test_policy_page_of_a_project_makes_an_exception(client: Client, dev: Environment, project: Any) -> None:
    client.post("/settings/environments/dev/policy?project=shop", FORM)
    assert policies.rules_in(dev, project).source == "exception"
    assert policies.rules_in(dev, None).source == "open"
    assert "Exception of" in page(client, "/settings/environments/dev/policy?project=shop")
    client.post("/settings/environments/dev/policy/deletion?project=shop")
    assert policies.rules_in(dev, project).source == "open"


def test_policy_pages_ask_for_the_password_again_where_it_is_protected(admin: User, prod: Environment, lena: User) -> None:
    change = changes.change_policy(prod, user=lena, fields={"approvals": 2})
    assert change is not None
    stale = signed_in(admin, fresh=False)
    for address, data in (
        ("/settings/environments/prod/policy", FORM),
        ("/settings/environments/prod/policy/deletion", {}),
        (f"/settings/policy-changes/{change.pk}/decision", {"decision": "approve"}),
    ):
        stale.post(address, data)
    assert list(PolicyChange.objects.values_list("status", flat=True)) == ["waiting"]
    wrong = stale.post(f"/settings/policy-changes/{change.pk}/decision", {"decision": "approve", "password_again": "wrong"})
    assert wrong.status_code != 302 or "/sign-in" in wrong["Location"]
    stale.post(f"/settings/policy-changes/{change.pk}/decision", {"decision": "approve", "password_again": "correct horse"})
    assert PolicyChange.objects.get().status == "approved"


def test_freeze_and_lift_on_the_page(client: Client, prod: Environment) -> None:
    assert client.post("/settings/environments/prod/freeze", {"reason": ""}).status_code == 422
    client.post("/settings/environments/prod/freeze", {"reason": "Holiday sale", "until": "2099-01-01T00:00"})
    assert "Holiday sale" in page(client, "/settings/environments/prod/")
    client.post("/settings/environments/prod/freeze/lifting")
    assert "Holiday sale" not in page(client, "/settings/environments/prod/")


def test_environment_form_says_that_a_second_person_has_to_approve(client: Client, prod: Environment, lena: User) -> None:
    fields = {"slug": "prod", "name": "Prod", "position": "3", "lock_timeout": "5", "statement_timeout": "0"}
    answer = client.post("/settings/environments/prod/edit", fields, follow=True)
    assert "a second person has to approve" in answer.content.decode()
    assert "Take the protection off Prod" in page(client, "/settings/environments/prod/")


def test_environment_page_needs_as_many_queries_for_many_changes(
    client: Client, dev: Environment, admin: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(1, 15):
        changes.change_policy(dev, user=admin, fields={"approval_hours": number})
    with django_assert_max_num_queries(22):
        page(client, "/settings/environments/dev/")


def test_severities_are_chosen_by_row_and_said_in_words(client: Client, dev: Environment) -> None:
    rows = {"s0_rule": "AD102", "s0_level": "block", "s1_rule": "AD501", "s1_level": "off", "s2_rule": "", "s2_level": "error"}
    said = client.post("/settings/environments/dev/policy/words", FORM | rows).content.decode()
    assert "Refused until somebody accepts it with a reason: what AD102 (column dropped) finds." in said
    assert "Not told: what AD501 (downgrade does nothing) finds." in said
    assert client.post("/settings/environments/dev/policy", FORM | rows).status_code == 302
    assert policies.rules_in(dev, None).severities == {"AD102": "block", "AD501": "off"}
    again = page(client, "/settings/environments/dev/policy")
    assert '<option value="AD102" selected>AD102 Column dropped (error)</option>' in again
    assert 'name="s3_rule"' in again, "with rows to fill in"
    assert "AD102 (column dropped): block; AD501 (downgrade does nothing): off" in page(client, "/settings/environments/dev/")
    client.post("/settings/environments/dev/policy", FORM)
    assert policies.rules_in(dev, None).severities == {}


@pytest.mark.parametrize("row", [{"s0_rule": "AD999", "s0_level": "block"}, {"s0_rule": "AD102", "s0_level": "fatal"}])
def test_a_rule_or_level_that_is_none_is_refused(client: Client, dev: Environment, row: dict[str, str]) -> None:
    answer = client.post("/settings/environments/dev/policy", FORM | row)
    assert answer.status_code == 422
    assert "Select a valid choice" in answer.content.decode()
