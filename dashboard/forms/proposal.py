"""Asking for a proposal."""

from typing import Any

from django import forms

from accounts.models import User
from accounts.permissions import Action, may
from dashboard.forms.base import PageForm
from environments import queries, scratch
from environments.models import Database
from migrations_store.models import Project

SCRATCH = "scratch:"


class ProposalForm(PageForm):
    """The database to compare with, the message, and what `alembic revision` knows besides."""

    database = forms.ChoiceField(label="Compare the models with")
    message = forms.CharField(max_length=200, help_text="One line; it becomes the revision’s.")
    scratch = forms.BooleanField(
        label="Compare with a scratch database",
        required=False,
        help_text="All revisions are applied to a new database first, which is deleted afterwards. Nothing has to be at head.",
    )
    revision_id = forms.CharField(label="Revision id", max_length=32, required=False, help_text="Empty: Alembic makes one up.")
    head = forms.CharField(max_length=255, required=False, help_text="The revision that it follows; empty: head.")
    splice = forms.BooleanField(required=False, help_text="It may follow a revision that is no head.")
    branch_label = forms.CharField(max_length=100, required=False)
    version_path = forms.CharField(max_length=500, required=False, help_text="The folder of the file, below the source’s root.")
    depends_on = forms.CharField(max_length=1000, required=False, help_text="Revisions, apart from each other by spaces.")

    def __init__(self, user: User, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = [one for one in queries.databases(user, project=project) if _may_compare(user, one)]
        self.known = {str(one.pk): one for one in found}
        choices = [(id, _words(one)) for id, one in self.known.items()]
        choices += [(f"{SCRATCH}{kind}", f"nothing of ours: scratch on {scratch.LABELS[kind]}") for kind in scratch.kinds()]
        self.fields["database"].choices = choices  # type: ignore[attr-defined]

    def fields_for_service(self) -> dict[str, Any]:
        data = self.cleaned_data
        options = {name: data[name] for name in ("head", "splice", "branch_label", "version_path")}
        asked = {name: data[name] for name in ("message", "scratch", "revision_id")}
        asked["kind"] = data["database"].removeprefix(SCRATCH) if data["database"].startswith(SCRATCH) else ""
        return asked | {"database": self.known.get(data["database"]), "options": options | {"depends_on": data["depends_on"].split()}}


def _may_compare(user: User, database: Database) -> bool:
    return may(user, Action.CHECK, project=database.project, environment=database.environment)


def _words(database: Database) -> str:
    return f"{database.environment.slug}{f' {database.name}' if database.name else ''} – {database.get_state_display().lower()}"
