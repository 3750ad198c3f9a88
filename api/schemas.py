"""What goes in and out: bodies that take no field they do not know, and answers whose every field is documented."""

import re
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

Item = TypeVar("Item")
Time = Annotated[str, Field(description="UTC, ISO 8601.", json_schema_extra={"format": "date-time"})]


def _written(value: Any) -> Any:
    """A number is no date here: it may be seconds or milliseconds, which are a thousand years apart."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d", value):
        raise PydanticCustomError("moment", "no date")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]  # goes in as text, with a zone


class Body(BaseModel):
    """What a program sends. A field that is not known is refused: it is a slip of the pen, or meant for another version."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """The fields that were sent."""
        return self.model_dump(exclude_unset=True)


class Shown(BaseModel):
    """What a program gets. Every field is there in every answer."""

    model_config = ConfigDict(populate_by_name=True)


class Listed(Shown, Generic[Item]):
    """A part of a list; `count` is how many there are in all."""

    items: list[Item]
    count: int


def of_kind(*kinds: str) -> dict[str, Any]:
    """`openapi_extra` of a call that answers with a file of one of these media types."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {"responses": {200: {"content": dict.fromkeys(kinds, binary)}}}


class Problem(Shown):
    """RFC 9457. `errors` maps the fields that are at fault to their sentences."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: dict[str, str] | None = None
