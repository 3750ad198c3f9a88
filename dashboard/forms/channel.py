"""Where notices are sent."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dashboard.forms.base import PageForm, told_choices
from dashboard.forms.people import EVERY_ENVIRONMENT, EVERY_PROJECT
from environments.models import Environment
from migrations_store.models import Project
from notices.models import Channel, Kind, Way


class ChannelForm(PageForm):
    """An e-mail address or a webhook, what it gets, and from where."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=100)
    way = forms.ChoiceField(label=_("How"), choices=told_choices(Way.choices), initial=Way.WEBHOOK)
    address = forms.CharField(
        label=_("Address"),
        max_length=2000,
        required=False,
        help_text=_("team@example.com, or https://hooks.example.com/x. A webhook’s address is kept encrypted."),
    )
    kinds = forms.MultipleChoiceField(
        label=_("What it gets"), choices=told_choices(Kind.choices), widget=forms.CheckboxSelectMultiple, required=False
    )
    project = forms.ModelChoiceField(
        Project.objects.all(), label=_("Project"), to_field_name="slug", required=False, empty_label=EVERY_PROJECT
    )
    environment = forms.ModelChoiceField(
        Environment.objects.all(), label=_("Environment"), to_field_name="slug", required=False, empty_label=EVERY_ENVIRONMENT
    )
    enabled = forms.BooleanField(label=_("Enabled"), required=False, initial=True, help_text=_("Off: nothing new is queued for it."))

    @classmethod
    def of(cls, channel: Channel) -> "ChannelForm":
        """Without the address, which is never shown again; without `way`, which stays."""
        initial: dict[str, Any] = {name: getattr(channel, name) for name in ("name", "way", "kinds", "enabled")}
        places = {name: getattr(channel, name).slug for name in ("project", "environment") if getattr(channel, name)}
        return cls(initial=initial | places)
