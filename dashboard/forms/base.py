"""Forms that look alike, speak the reader's language, and take a service's refusal to the field it concerns."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms

from config.errors import Invalid, Refused
from config.retelling import told


def told_choices(choices: Iterable[tuple[Any, str]]) -> Callable[[], list[tuple[Any, str]]]:
    """Words of the rooms below, told again whenever the field is drawn."""
    kept = list(choices)
    return lambda: [(value, told(str(word))) for value, word in kept]


class PageForm(forms.Form):
    """`fields_for_service` is what the services take; a refusal comes back through `refuse`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": ""} | kwargs)
        for field in self.fields.values():
            if not isinstance(field.widget, forms.CheckboxInput | forms.RadioSelect):
                field.widget.attrs.setdefault("class", "in")
            if isinstance(field.widget, forms.Textarea):
                field.widget.attrs.setdefault("rows", 3)

    def refuse(self, error: Refused, places: dict[str, str] | None = None) -> None:
        """Puts each sentence at its field; `places` maps the service's names to the form's."""
        fields = error.fields if isinstance(error, Invalid) else {}
        for name, sentence in fields.items():
            place = (places or {}).get(name, name)
            self.add_error(place if place in self.fields else None, told(sentence))
        if not fields:
            self.add_error(None, told(str(error)))
