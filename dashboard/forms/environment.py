"""Environments and databases."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dashboard.forms.base import PageForm
from environments import urls
from environments.models import Database, Environment
from migrations_store.models import Project


class EnvironmentForm(PageForm):
    """An ordered stage and its limits."""

    slug = forms.CharField(label=_("Slug"), max_length=63, help_text=_("Small letters, digits and hyphens, such as dev."))
    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=200)
    position = forms.IntegerField(
        label=_("Position"), min_value=0, max_value=1_000_000, help_text=_("Stages stand in this order, the smallest first.")
    )
    protected = forms.BooleanField(label=_("Protected"), required=False, help_text=_("Every job waits until someone else has approved it."))
    lock_timeout = forms.IntegerField(
        label=_("Lock timeout, seconds"),
        min_value=0,
        max_value=86_400,
        initial=5,
        help_text=_("A statement gives up after waiting so long for a lock, so that readers do not queue behind it."),
    )
    statement_timeout = forms.IntegerField(
        label=_("Statement timeout, seconds"), min_value=0, max_value=604_800, initial=0, help_text=_("0 is no limit.")
    )

    @classmethod
    def of(cls, environment: Environment) -> "EnvironmentForm":
        return cls(initial={name: getattr(environment, name) for name in cls.base_fields})

    def fields_for_service(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class DatabaseForm(PageForm):
    """A connection profile. The password is asked for apart, and never shown again."""

    project = forms.ChoiceField(label=_("Project"))
    environment = forms.ChoiceField(label=_("Environment"))
    name = forms.CharField(
        label=pgettext_lazy("of a thing", "Name"),
        max_length=100,
        required=False,
        help_text=_("Only where the project has several databases in this environment."),
    )
    url = forms.CharField(
        label=_("URL"),
        max_length=2000,
        help_text=_("Such as postgresql+psycopg2://user@host:5432/shop, mysql+pymysql://user@host/shop or sqlite:////srv/shop.db."),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1000,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Kept encrypted, never shown. Empty: as it is, unless the address changes."),
    )
    version_table = forms.CharField(label=_("Version table"), max_length=128, required=False, help_text=_("Empty: alembic_version."))
    version_table_schema = forms.CharField(label=_("Its schema"), max_length=128, required=False)
    create_if_missing = forms.BooleanField(label=_("SQLite: a job may create the file"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        projects, environments = Project.objects.values_list("slug", "name"), Environment.objects.values_list("slug", "name")
        self.fields["project"].choices = list(projects)  # type: ignore[attr-defined]
        self.fields["environment"].choices = list(environments)  # type: ignore[attr-defined]

    @classmethod
    def of(cls, database: Database) -> "DatabaseForm":
        names = ("name", "version_table", "version_table_schema", "create_if_missing")
        initial: dict[str, Any] = {name: getattr(database, name) for name in names}
        initial |= {"project": database.project.slug, "environment": database.environment.slug, "url": urls.shown(database)}
        return cls(initial=initial)

    def hide_password(self) -> bool:
        """What was typed as a password never goes back to the page; whether there was one."""
        typed = self.data.get("url", "")
        if (shown := urls.masked(typed)) != typed:
            self.data = {**self.data, "url": shown}
        return shown != typed or bool(self.data.get("password"))

    def fields_for_service(self) -> dict[str, Any]:
        """The password only where one was typed."""
        fields = dict(self.cleaned_data)
        if not fields["password"]:
            del fields["password"]
        return fields
