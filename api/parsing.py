"""Reading request bodies: strict JSON, of bounded depth, each name once, and text that a store can keep."""

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser

from config.errors import Invalid, Refused

# What `curl -d` says unless it is told otherwise.
CURL_DEFAULT = "application/x-www-form-urlencoded"


class Unreadable(Refused):
    """The body is no JSON object."""

    status = 400
    code = "unreadable"
    title = "The body cannot be read"


class WrongType(Refused):
    """The body says that it is something other than JSON."""

    status = 415
    code = "unsupported_media_type"
    title = "Only JSON is taken"


class StrictParser(Parser):
    """Called by the framework for every body that is not empty."""

    def parse_body(self, request: HttpRequest) -> Any:
        kind = (request.content_type or "application/json").lower()
        if kind not in ("application/json", CURL_DEFAULT) and not kind.endswith("+json"):
            raise WrongType("Send the body as JSON, with the header `Content-Type: application/json`.")
        content = _read(request.body)
        if not isinstance(content, dict):
            raise Unreadable("The body has to be a JSON object, such as {}.")
        _refuse_unstorable(content)
        return content


def _read(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_each_once)
    except RecursionError:
        raise Unreadable("The JSON is nested too deeply.") from None
    except UnicodeDecodeError:
        raise Unreadable("The body is not text in UTF-8.") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"The body is not valid JSON: {error.msg.rstrip('.')}, in line {error.lineno}, column {error.colno}.") from None
    except ValueError:
        raise Unreadable("The body holds a number that is too long.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise Unreadable(f"{name} is not JSON. Use a number, or null.")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise Unreadable("The JSON names a field more than once. Name each once.")
    return content


def _refuse_unstorable(content: dict[str, Any]) -> None:
    """NUL ends text in a driver, and half of a surrogate pair has no UTF-8."""
    wrong = [name for name, value in content.items() if not _is_storable(name) or not _is_storable(value)]
    if wrong:
        errors = {name.encode("utf-8", "replace").decode()[:60]: "This holds NUL or half of a surrogate pair." for name in wrong}
        raise Invalid(" ".join(f"{name}: {sentence}" for name, sentence in errors.items()), errors)


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, dict):
        return all(_is_storable(name) and _is_storable(part) for name, part in value.items())
    return not isinstance(value, list) or all(map(_is_storable, value))
