"""Registering and changing a project."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dashboard.forms.base import PageForm, told_choices
from migrations_store.models import Project, SourceKind


class ProjectForm(PageForm):
    """One project; what most people need stands first."""

    slug = forms.CharField(label=_("Slug"), max_length=63, help_text=_("Its name in addresses: small letters, digits and hyphens."))
    name = forms.CharField(
        label=pgettext_lazy("of a thing", "Name"), max_length=200, required=False, help_text=_("Its name on pages; the slug if left empty.")
    )
    kind = forms.ChoiceField(label=_("Where is the code?"), choices=told_choices(SourceKind.choices), initial=SourceKind.DIRECTORY)
    path = forms.CharField(
        label=_("Directory"),
        max_length=1000,
        required=False,
        help_text=_("Absolute path of the folder that holds alembic.ini, on the dashboard's machine."),
    )
    url = forms.CharField(
        label=_("Git address"), max_length=1000, required=False, help_text=_("https://… or ssh://…, or git@host:path. No password in it.")
    )
    ref = forms.CharField(label=_("Branch, tag or commit"), max_length=255, required=False, initial="main")
    subdirectory = forms.CharField(
        label=_("Folder in the repository"), max_length=500, required=False, help_text=_("Empty: the top of it.")
    )
    config_path = forms.CharField(
        label=_("Configuration"),
        max_length=500,
        required=False,
        initial="alembic.ini",
        help_text=_("alembic.ini or pyproject.toml, relative to the source."),
    )
    section = forms.CharField(
        label=_("Section"), max_length=100, required=False, initial="alembic", help_text=_("Section of the ini file.")
    )
    script_location = forms.CharField(
        label=_("Script location"), max_length=500, required=False, help_text=_("Only where it differs from the configuration's.")
    )
    version_locations = forms.CharField(
        label=_("Version locations"),
        required=False,
        widget=forms.Textarea,
        help_text=_("One folder a line, and only where they differ from the configuration's."),
    )
    python = forms.CharField(
        label=_("Python interpreter"),
        max_length=500,
        required=False,
        help_text=_("The one that has the project's dependencies, such as /srv/shop/.venv/bin/python. Empty: the dashboard's own."),
    )
    working_directory = forms.CharField(
        label=_("Working directory"), max_length=500, required=False, help_text=_("Relative to the source. Empty: its top.")
    )
    env_vars = forms.CharField(
        label=_("Environment variables"),
        required=False,
        widget=forms.Textarea,
        help_text=_("NAME=value, one a line. {url}, {username}, {password}, {host}, {port}, {database} and more are filled in"),
    )
    x_arguments = forms.CharField(
        label=_("-x arguments"), required=False, widget=forms.Textarea, help_text=_("One name=value a line; the same places are filled in.")
    )
    flask_app = forms.CharField(
        label=_("Flask application"),
        max_length=200,
        required=False,
        help_text=_("module:factory(), where env.py needs the application's context."),
    )

    @classmethod
    def of(cls, project: Project) -> "ProjectForm":
        """Filled with what is kept."""
        names = ("slug", "name", "config_path", "section", "script_location", "python", "working_directory", "flask_app")
        initial: dict[str, Any] = {name: getattr(project, name) for name in names}
        initial |= {"kind": project.source_kind, "path": project.source_path, "url": project.source_url, "ref": project.source_ref}
        initial |= {"subdirectory": project.source_subdirectory, "x_arguments": "\n".join(project.x_arguments)}
        initial |= {"version_locations": "\n".join(project.version_locations)}
        initial |= {"env_vars": "\n".join(f"{name}={value}" for name, value in project.env_vars.items())}
        return cls(initial=initial)

    def fields_for_service(self) -> dict[str, Any]:
        """As the service and the API take them."""
        found = self.cleaned_data
        names = ("slug", "name", "config_path", "section", "script_location", "python", "working_directory", "flask_app")
        fields: dict[str, Any] = {name: found[name] for name in names}
        if found["kind"] == SourceKind.DIRECTORY:
            fields["source"] = {"kind": "directory", "path": found["path"]}
        else:
            fields["source"] = {"kind": "git", "url": found["url"], "ref": found["ref"] or "main", "subdirectory": found["subdirectory"]}
        pairs = [line.partition("=") for line in found["env_vars"].splitlines() if line.strip()]
        fields["env_vars"] = {name.strip(): value for name, _, value in pairs}
        for name in ("version_locations", "x_arguments"):
            fields[name] = [line.strip() for line in found[name].splitlines() if line.strip()]
        return fields
