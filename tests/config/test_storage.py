"""Static files as browsers get them, and how much of them there is."""

import gzip
from pathlib import Path

import pytest

from config.storage import StaticFiles, tightened
from tests.support.figures import note

STATIC = Path(__file__).resolve().parents[2] / "static"


def squeezed(text: bytes) -> int:
    return len(gzip.compress(text, 9))


@pytest.mark.parametrize(
    ("written", "served"),
    [
        ("/* why */\na { color: red;\n    b { margin: 0 1px }\n}\n", "a{color:red;b{margin:0 1px}}"),
        ('.x::before { content: " ; /* no */ : " }', '.x::before{content:" ; /* no */ : "}'),
        ("a :hover, & + li > b { top: calc(100% + 1px) }", "a :hover,& + li>b{top:calc(100% + 1px)}"),
    ],
)
def test_sheet_means_the_same_without_its_margins(written: str, served: str) -> None:
    assert tightened(written) == served


def test_collected_sheet_is_tight_and_small(tmp_path: Path) -> None:
    """Of what a browser loads: 12 KB for the style, 25 KB for all scripts, both compressed."""
    place = StaticFiles(location=str(tmp_path))
    (tmp_path / "app.css").write_text((STATIC / "app.css").read_text())
    list(place.post_process({"app.css": (place, "app.css")}))
    (sheet,) = tmp_path.glob("app.????????????.css")
    style = squeezed(sheet.read_bytes())
    scripts = sum(squeezed(path.read_bytes()) for path in STATIC.rglob("*.js"))
    own = sum(squeezed(path.read_bytes()) for path in STATIC.glob("*.js"))
    note(f"sizes, compressed: style {style} bytes, scripts {scripts} bytes, {own} of them our own")
    assert style <= 12 * 1024
    assert scripts <= 25 * 1024
