"""The root of our errors: each carries the HTTP status, a code for programs and a sentence for people."""

from typing import ClassVar, Self


class Refused(Exception):
    """What was asked cannot be done; `str(error)` is the sentence shown to the person or program that asked.

    The sentence says what is wrong and what to do; it never holds a secret. The faces turn it into a form error, an error
    card or a problem document.
    """

    status: ClassVar[int] = 422
    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "This cannot be done"


class NotFound(Refused):
    status = 404
    code = "not_found"
    title = "Not found"


class Forbidden(Refused):
    status = 403
    code = "forbidden"
    title = "You may not do this"


class Conflict(Refused):
    status = 409
    code = "conflict"
    title = "This conflicts with what is there"


class Invalid(Refused):
    """Malformed input; `fields` maps a field's name to its sentence."""

    code = "invalid"
    title = "The input is not valid"

    def __init__(self, detail: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.fields = fields or {}

    @classmethod
    def of(cls, field: str, sentence: str) -> Self:
        """One field is wrong, and its sentence says all there is to say."""
        return cls(sentence, {field: sentence})
