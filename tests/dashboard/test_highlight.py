"""Highlighted source is safe to show, line by line."""

from dashboard.highlight import LARGEST, lines


def test_markup_in_source_is_escaped() -> None:
    shown = "".join(line.html for line in lines("x = '<script>alert(1)</script>'  # <b>", "python"))
    assert "<script" not in shown
    assert "<b>" not in shown
    assert "&lt;script&gt;" in shown


def test_each_line_is_complete_in_itself() -> None:
    shown = lines('"""one\ntwo\nthree"""\nimport os\n', "python")
    assert [line.number for line in shown] == [1, 2, 3, 4]
    assert all(line.html.count("<span") == line.html.count("</span>") for line in shown)


def test_sql_of_each_dialect_is_marked() -> None:
    for dialect in ("postgresql", "mysql", "sqlite"):
        assert '<span class="k">CREATE</span>' in lines("CREATE TABLE t (id INT);", dialect)[0].html


def test_text_too_long_to_mark_is_still_escaped() -> None:
    shown = lines("<" * (LARGEST + 1), "python")
    assert shown[0].html.startswith("&lt;&lt;")


def test_empty_text_is_one_empty_line() -> None:
    assert [line.html for line in lines("", "python")] == [""]
