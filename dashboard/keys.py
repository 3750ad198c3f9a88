"""The keyboard map, as its help page and its dialog tell it; app.js does what is told here."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Key = tuple[tuple[str, ...], Promise]

GROUPS: tuple[tuple[Promise, tuple[Key, ...]], ...] = (
    (
        _("Anywhere"),
        (
            (("Ctrl K", "⌘ K"), _("Search everything, or jump")),
            (("/",), _("To the filter of this page")),
            (("g p",), _("Pipeline")),
            (("g r",), _("Reviews")),
            (("g j",), _("Jobs")),
            (("g d",), _("Drift")),
            (("g a",), _("Audit")),
            (("g s",), _("Settings")),
            (("t",), _("Times as ages or as moments")),
            (("?",), _("These keys")),
            (("Esc",), _("Close, or leave a field")),
        ),
    ),
    (
        _("Tables and lists"),
        (
            (("j", "k"), _("Next and previous row")),
            (("Enter", "o"), _("Open the row")),
            (("x",), _("Tick the row")),
            (("c",), _("Copy the row’s revision, or its link")),
        ),
    ),
    (
        _("Pipeline"),
        (
            (("← ↑ ↓ →",), _("From cell to cell, once one of them has the focus")),
            (("p",), _("To the plan that the cell offers; nothing runs")),
        ),
    ),
    (
        _("Log of a job"),
        (
            (("f",), _("Follow the end, or not")),
            (("n", "N"), _("Next and previous warning or error")),
            (("w",), _("Wrap long lines, or not")),
            (("Shift L",), _("Copy a link to the marked line; Shift and a click on a number mark several")),
        ),
    ),
    (
        _("Review"),
        (
            (("[", "]"), _("Previous and next object")),
            (("Ctrl Enter",), _("Send the comment that is being written")),
        ),
    ),
)
