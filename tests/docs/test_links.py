"""What the documentation points to is there: files, headings, commands, modules, addresses."""

import re
import tomllib
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:script|\.ci)/[a-z]+\b(?!\.)")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text())


def anchor(heading: str) -> str:
    """As the forges make them."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    return {anchor(heading) for heading in re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if link.startswith("https://"):
            continue
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert not heading or heading in anchors(target), f"{link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_exists(page: Path) -> None:
    for command in COMMAND.findall(page.read_text()):
        assert (ROOT / command).is_file(), command


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_module_that_is_run_exists(page: Path) -> None:
    for module in re.findall(r"python -m (config\.\w+)", page.read_text()):
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_management_command_exists(page: Path) -> None:
    assert set(re.findall(r"manage\.py (\w+)", page.read_text())) <= get_commands().keys()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_heading_is_there_twice(page: Path) -> None:
    found = re.findall(r"^#{1,2} (.+)$", prose(page), re.MULTILINE)
    assert len(found) == len(set(found))


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        links = ((page.parent / link.partition("#")[0]).resolve() for link in LINK.findall(prose(page)) if not link.startswith("https://"))
        waiting += [link for link in links if link.suffix == ".md" and link not in reached]
    assert set(PAGES) <= reached


def test_the_changelog_knows_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text()
