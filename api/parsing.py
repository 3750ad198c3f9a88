"""Reading request bodies: strict JSON, of bounded depth."""

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.parser import Parser


class StrictParser(Parser):
    """Refuses NaN and Infinity, bytes that are no UTF-8, and nesting deeper than the interpreter can follow."""

    def parse_body(self, request: HttpRequest) -> Any:
        body = request.body
        if not body.strip():
            return None
        try:
            content = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
        except RecursionError:
            raise HttpError(400, "The JSON is nested too deeply.") from None
        except (UnicodeDecodeError, ValueError):
            raise HttpError(400, "The body is not valid JSON in UTF-8.") from None
        if not isinstance(content, dict):
            raise HttpError(422, "The body has to be a JSON object.")
        return content


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
