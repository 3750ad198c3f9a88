"""Static files as they are served: the style sheet is written for people, and browsers get it without its comments and its margins."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

BLANK = r"(?:\s|/\*.*?\*/)"
STRING_OR_BLANK = re.compile(rf"""("[^"]*"|'[^']*')|{BLANK}*([{{}};,>]){BLANK}*|(?<=[\w)]):{BLANK}+|({BLANK}+)""", re.DOTALL)


def tightened(sheet: str) -> str:
    """The same rules; strings stay as they are. A colon loses only the blank after it: before one it makes another selector."""

    def kept(found: re.Match[str]) -> str:
        string, sign, blank = found.groups()
        if string or sign:
            return str(string or sign)
        return " " if blank else ":" if found[0].startswith(":") else ""

    return STRING_OR_BLANK.sub(kept, sheet).strip()


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # it comes without types
    def post_process(self, paths: dict[str, Any], *given: Any, **options: Any) -> Iterator[Any]:
        """Names with hashes are made of what is served, and so are the compressed copies."""
        for name in [name for name in paths if name.endswith(".css") and not options.get("dry_run")]:
            self._tighten(name)
            paths[name] = (self, name)
        yield from super().post_process(paths, *given, **options)

    def _tighten(self, name: str) -> None:
        with self.open(name) as file:
            sheet = file.read().decode()
        self.delete(name)
        self._save(name, ContentFile(tightened(sheet).encode()))
