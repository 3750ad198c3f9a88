"""The short forms of the first run: what a project, its stages and its databases need at the least."""

import re
from pathlib import PurePosixPath
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dashboard.forms.base import PageForm
from environments import urls
from environments.models import Environment

GIT = re.compile(r"^(?:https?|ssh|git)://|^[\w.-]+@[\w.-]+:")


class FirstProjectForm(PageForm):
    """Where Alembic is; all else is found, or left to the project's settings."""

    place = forms.CharField(
        label=_("Folder or git address"),
        max_length=1000,
        help_text=_("The folder that holds alembic.ini or pyproject.toml, such as /srv/shop, or https://… or git@host:path."),
    )
    ref = forms.CharField(label=_("Branch, tag or commit"), max_length=255, required=False, help_text=_("For a git address. Empty: main."))
    python = forms.CharField(
        label=_("Python interpreter"),
        max_length=500,
        required=False,
        help_text=_("The one with the project’s dependencies, such as /srv/shop/.venv/bin/python. Empty: the dashboard’s own."),
    )

    def fields_for_service(self, config_path: str) -> dict[str, Any]:
        place, ref = self.cleaned_data["place"].strip(), self.cleaned_data["ref"] or "main"
        is_git = bool(GIT.search(place))
        source = {"kind": "git", "url": place, "ref": ref} if is_git else {"kind": "directory", "path": place}
        name = PurePosixPath(place.rstrip("/").removesuffix(".git").replace(":", "/")).name
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63] or "project"
        return {"slug": slug, "name": name, "source": source, "config_path": config_path, "python": self.cleaned_data["python"]}


class FirstDatabaseForm(PageForm):
    """The database of one environment; empty where there is none yet."""

    url = forms.CharField(
        label=_("Address"),
        max_length=2000,
        required=False,
        widget=forms.TextInput(
            attrs={"placeholder": "postgresql+psycopg2://user@host:5432/shop", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label=_("Password"), max_length=1000, required=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    create_if_missing = forms.BooleanField(label=_("SQLite: a job may create the file"), required=False)

    def __init__(self, environment: Environment, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, prefix=environment.slug, **kwargs)
        self.environment, self.had_password = environment, False

    def hide_password(self) -> None:
        """What was typed as a password never goes back to the page."""
        name = self.add_prefix("url")
        typed = self.data.get(name, "")
        self.had_password = urls.masked(typed) != typed or bool(self.cleaned_data.get("password"))
        self.data = {**{key: self.data.get(key) for key in self.data}, name: urls.masked(typed)}

    @property
    def is_filled(self) -> bool:
        return bool(self.cleaned_data.get("url", "").strip())

    def fields_for_service(self, project: str) -> dict[str, Any]:
        found = self.cleaned_data
        fields = {"project": project, "environment": self.environment.slug, "name": "", "url": found["url"].strip()}
        fields |= {"create_if_missing": found["create_if_missing"]}
        return fields | ({"password": found["password"]} if found["password"] else {})
