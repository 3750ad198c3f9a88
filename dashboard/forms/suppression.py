"""Accepting a finding."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard.forms.base import PageForm
from migrations_store.suppressions import LONGEST_REASON

USUAL = timedelta(days=90)
LONGEST = timedelta(days=365)


class SuppressionForm(PageForm):
    """`scope` is object, revision or project; which of them there are depends on what the finding is about."""

    scope = forms.ChoiceField(label=_("What is accepted"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Why"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Everybody who meets the finding will read it."),
    )
    until = forms.DateField(
        label=_("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The day on which it counts again, at most a year from now. Empty: until somebody takes it back."),
    )

    def __init__(self, *args: Any, scopes: list[tuple[str, str]], **kwargs: Any) -> None:
        today = timezone.localdate()
        super().__init__(*args, initial={"scope": scopes[0][0], "until": today + USUAL}, **kwargs)
        scope = self.fields["scope"]
        assert isinstance(scope, forms.ChoiceField)
        scope.choices = scopes
        self.fields["until"].widget.attrs |= {"min": f"{today + timedelta(days=1)}", "max": f"{today + LONGEST}"}

    @property
    def expires_at(self) -> datetime | None:
        """When that day begins, by the reader's clock."""
        day = self.cleaned_data["until"]
        return timezone.make_aware(datetime.combine(day, time.min)) if day else None
