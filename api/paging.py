"""Lists: `limit` and `offset` in, `items` and `count` out."""

from collections.abc import Callable
from typing import Annotated, Any

from django.db.models import Model, QuerySet
from ninja import Query
from pydantic import BaseModel, Field


class Page(BaseModel):
    """Which part of a list."""

    limit: int = Field(50, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=1_000_000_000)


PageQuery = Annotated[Page, Query()]


def listed(found: QuerySet[Any] | list[Any], page: Page, shown: Callable[[list[Any]], list[dict[str, Any]]]) -> dict[str, Any]:
    """`shown` gets the rows of the page all at once, so that it can look things up for all of them with one query."""
    count = found.count() if isinstance(found, QuerySet) else len(found)
    rows: list[Model] = list(found[page.offset : page.offset + page.limit])
    return {"items": shown(rows), "count": count}
