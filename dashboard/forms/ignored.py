"""Calling a difference noise."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.forms.base import PageForm
from environments.models import Database
from jobs.drift.ignoring import USUAL_TIME

PLACES = ("kind", "what", "schema", "table", "name")


class IgnoreForm(PageForm):
    """Which difference comes with the address; a pattern takes its place."""

    where = forms.ChoiceField(label=_("Where"))
    pattern = forms.CharField(
        label=_("Every table whose name fits"),
        max_length=200,
        required=False,
        help_text=_(
            "Instead of this one difference. * stands for any letters and ? for one, such as tmp_*; with a dot it is schema.table."
        ),
    )
    reason = forms.CharField(
        label=_("Why it is noise"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Others will read it, and decide."),
    )
    until = forms.DateField(
        label=_("Until"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Then it is shown again. A year at the most."),
    )

    def __init__(self, *args: Any, databases: list[Database], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        environments = {database.environment_id: database.environment for database in databases}
        self.databases = {f"database:{database.pk}": database for database in databases}
        self.environments = {f"environment:{one.slug}": one for one in environments.values()}
        names = [(key, gettext("The database %(database)s") % {"database": database}) for key, database in self.databases.items()]
        names += [(key, gettext("All of %(environment)s") % {"environment": one.name}) for key, one in self.environments.items()]
        self.fields["where"].choices = [*names, ("", gettext("All databases of the project"))]  # type: ignore[attr-defined]
        self.fields["where"].required = False
        self.fields["until"].initial = (timezone.now() + USUAL_TIME).date()

    def fields_for_service(self) -> dict[str, Any]:
        """Until the end of that day, UTC; what is taken last is that the service checks it."""
        where, until = self.cleaned_data["where"], self.cleaned_data["until"]
        end = datetime.combine(until, time(23, 59, 59), tzinfo=UTC)
        return {
            "database": self.databases.get(where), "environment": self.environments.get(where), "pattern": self.cleaned_data["pattern"],
            "reason": self.cleaned_data["reason"], "expires_at": end,
        }  # fmt: skip
