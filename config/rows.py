"""Rows of the store that somebody else may be changing or deleting in this very moment."""

from django.db.models import Model

from config.errors import NotFound


def hold(row: Model, *, to_delete: bool = False) -> None:
    """Locks the row until the transaction ends, and reads it again: what was read before is what others may have changed since.

    NotFound if one of them has deleted it, so that of several who delete it at once one does, and nobody's save brings it back.
    A change leaves the row's key alone, and so does not hold up who only refers to it.
    """
    name = str(row)  # before it is read again, which forgets what it refers to
    rows = type(row)._base_manager.select_for_update(no_key=not to_delete)
    try:
        row.refresh_from_db(from_queryset=rows)
    except type(row).DoesNotExist:  # type: ignore[attr-defined]
        raise NotFound(f"{name} is no longer there: somebody has deleted it meanwhile. Nothing was changed now.") from None
