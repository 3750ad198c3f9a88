"""People, teams and grants."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.grants import GRANTED
from accounts.models import Role, Team, User
from dashboard.forms.base import PageForm, told_choices
from environments.models import Environment
from migrations_store.models import Project

EVERY_PROJECT, EVERY_ENVIRONMENT = _("Every project"), _("Every environment")


class NewPersonForm(PageForm):
    """Somebody who shall sign in."""

    username = forms.CharField(label=_("User name"), max_length=150, help_text=_("Letters, digits and @ . + - _ only."))
    role = forms.ChoiceField(label=_("Role everywhere"), choices=told_choices(Role.choices), initial=Role.NONE)
    password = forms.CharField(
        label=_("Password"),
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters. Tell it to them by a way of your own."),
    )


class PersonForm(PageForm):
    """Who they are, and their role everywhere."""

    first_name = forms.CharField(label=_("First name"), max_length=150, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False)
    email = forms.CharField(label=_("E-mail"), max_length=254, required=False)
    role = forms.ChoiceField(label=_("Role everywhere"), choices=told_choices(Role.choices))
    is_active = forms.BooleanField(
        label=_("May sign in"),
        required=False,
        help_text=_("Without it their sessions and API tokens end at once, and the tokens are gone."),
    )

    @classmethod
    def of(cls, person: User) -> "PersonForm":
        return cls(initial={name: getattr(person, name) for name in cls.base_fields})

    def fields_for_service(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class TeamForm(PageForm):
    """A team and who is in it."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=100)
    members = forms.ModelMultipleChoiceField(
        User.objects.filter(is_active=True), required=False, widget=forms.CheckboxSelectMultiple, label=_("Who is in it")
    )

    @classmethod
    def of(cls, team: Team) -> "TeamForm":
        return cls(initial={"name": team.name, "members": team.members.all()})


class GrantForm(PageForm):
    """A role in a scope."""

    role = forms.ChoiceField(label=_("Role"), choices=told_choices((role.value, str(role.label)) for role in GRANTED))
    project = forms.ModelChoiceField(
        Project.objects.all(), label=_("Project"), to_field_name="slug", required=False, empty_label=EVERY_PROJECT
    )
    environment = forms.ModelChoiceField(
        Environment.objects.all(), label=_("Environment"), to_field_name="slug", required=False, empty_label=EVERY_ENVIRONMENT
    )
