"""How proposals leave a project."""

from django import forms
from django.utils.translation import gettext_lazy as _

from dashboard.forms.base import PageForm


class ReviewsForm(PageForm):
    reviews_needed = forms.IntegerField(
        label=_("Approvals that a proposal needs before it is pushed"),
        min_value=0,
        max_value=10,
        help_text=_("By people who neither asked for it nor wrote its newest version. 0 for those who work alone."),
    )


class Unshown(forms.Textarea):
    """Comes back empty, as a password does."""

    def format_value(self, _value: object) -> None:
        return None


class CredentialForm(PageForm):
    """What is typed here is never shown again, also not in a form that comes back."""

    username = forms.CharField(
        label=_("User name"), max_length=100, required=False, help_text=_("Only if your server wants a certain one beside the token.")
    )
    token = forms.CharField(
        label=_("Access token"),
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("With the right to write to this one repository, and no more."),
    )
    key = forms.CharField(
        label=_("Private ssh key"),
        required=False,
        max_length=20_000,
        widget=Unshown(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Of a deploy key with write access, without a passphrase."),
    )
