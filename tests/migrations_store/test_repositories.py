"""Repositories as a stranger would make them: nothing of theirs is run, nothing leads out, and each limit ends in a sentence."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from migrations_store import checkouts, sources
from migrations_store.errors import SourceError
from migrations_store.models import Project
from tests.support.figures import note

LIMIT = 20
TRAVERSALS = {
    "absolute": {"a": "-> /etc/passwd"},
    "upwards": {"a": "-> ../../../etc/passwd"},
    "upwards from below": {"a/b/c": "-> ../../../x"},
    "a folder": {"versions": "-> /etc"},
    "by a link that comes later": {"a": "-> p/q/x/../../../etc/passwd", "p/q/x": "-> ../.."},
    "by two links that come later": {"a": "-> b/../..", "b": "-> c/d", "c/d": "-> ..", "z": "x"},
}
NAMES = ["..", ".", ".git", ".GIT", "a/b", ""]


class Repository:
    """Made with git's plumbing, which asks no questions of what it writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet", "--bare", str(root), cwd=root.parent)

    def git(self, *words: str, cwd: Path | None = None, data: bytes = b"", **environment: str) -> str:
        names = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        variables = os.environ | names | environment
        return subprocess.run(
            ["git", *words], cwd=cwd or self.root, input=data, env=variables, check=True, capture_output=True
        ).stdout.decode()

    def blob(self, data: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", data=data).strip()

    def tree(self, *entries: tuple[str, str, str]) -> str:
        """Of (mode, object, name)."""
        kinds = {"040000": "tree", "160000": "commit"}
        lines = [f"{mode} {kinds.get(mode, 'blob')} {object}\t{name}" for mode, object, name in entries]
        return self.git("mktree", "--missing", data="\n".join(lines).encode()).strip()

    def commit(self, tree: str) -> None:
        self.git("update-ref", "refs/heads/main", self.git("commit-tree", tree, "-m", "x").strip())

    def files(self, files: dict[str, str | bytes]) -> None:
        """Paths to texts; "-> place" is a link."""
        index = {"GIT_INDEX_FILE": str(self.root / "draft")}
        for name, text in files.items():
            data = text if isinstance(text, bytes) else text.encode()
            mode, data = ("120000", data[3:]) if data.startswith(b"-> ") else ("100644", data)
            self.git("update-index", "--add", "--cacheinfo", f"{mode},{self.blob(data)},{name}", **index)
        self.commit(self.git("write-tree", **index).strip())

    @property
    def project(self) -> Project:
        return Project(slug="x", source_kind="git", source_url=f"file://{self.root}", source_ref="main")

    def read(self) -> Path:
        return sources.read_source(self.project).root


@pytest.fixture
def repository(tmp_path: Path, settings) -> Repository:
    settings.DATA_DIR = tmp_path / "data"
    settings.GIT_TIMEOUT = LIMIT
    return Repository(tmp_path / "x.git")


def refused(repository: Repository) -> str:
    """The sentence; nothing of the checkout stays."""
    begun = time.monotonic()
    with pytest.raises(SourceError) as caught:
        repository.read()
    assert time.monotonic() - begun < 2 * LIMIT
    place = Path(django_settings.DATA_DIR) / "checkouts"
    assert not place.exists() or list(place.iterdir()) == []
    return str(caught.value)


@pytest.mark.parametrize("case", TRAVERSALS)
def test_link_that_leads_out_is_refused(repository: Repository, case: str) -> None:
    repository.files(TRAVERSALS[case])
    assert "leads out of its tree" in refused(repository)


@pytest.mark.parametrize("name", NAMES)
def test_tree_with_names_that_git_never_writes_is_refused(repository: Repository, name: str) -> None:
    """Written byte by byte: no command of git makes such a tree."""
    entry = b"100644 " + name.encode() + b"\0" + bytes.fromhex(repository.blob(b"x"))
    tree = repository.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", data=entry).strip()
    repository.commit(tree)
    assert "git could not" in refused(repository) or "leads out" in refused(repository)


def test_link_and_folder_of_the_same_name_are_refused(repository: Repository) -> None:
    """A file would be written through the link."""
    inner = repository.tree(("100644", repository.blob(b"x"), "x"))
    entries = [(b"120000 a", repository.blob(b"/tmp")), (b"40000 a", inner)]
    data = b"".join(head + b"\0" + bytes.fromhex(object) for head, object in entries)
    repository.commit(repository.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", data=data).strip())
    assert "git could not read" in refused(repository)


def test_links_within_the_tree_and_in_circles_are_taken(repository: Repository) -> None:
    repository.files({"code/x.py": "x", "link": "-> code", "loop": "-> loop", "one": "-> two", "two": "-> one", "nowhere": "-> absent"})
    root = repository.read()
    assert (root / "link" / "x.py").read_text() == "x"
    assert (root / "loop").readlink() == Path("loop")


def test_submodules_hooks_attributes_and_filters_do_nothing(repository: Repository, tmp_path: Path) -> None:
    """The repository's own hooks, a submodule that runs a command, LFS, and attributes that hide or change files."""
    witness = tmp_path / "ran"
    modules = f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch {witness}"\n'
    attributes = "* export-subst\nhidden export-ignore\n* filter=evil\n* diff=evil\n* text working-tree-encoding=UTF-16\n"
    config = f'[filter "evil"]\n\tsmudge = touch {witness}\n\tclean = touch {witness}\n[core]\n\tfsmonitor = touch {witness}\n'
    repository.files({
        ".gitmodules": modules, ".gitattributes": attributes, ".gitconfig": config, "hidden": "shown", "subst": "$Format:%an$",
        "lfs": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    })  # fmt: skip
    for name in ("post-checkout", "pre-receive", "update", "post-update", "reference-transaction", "pre-auto-gc", "post-merge"):
        hook = repository.root / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {witness}\n")
        hook.chmod(0o755)
    root = repository.read()
    assert not witness.exists()
    assert (root / "hidden").read_text() == "shown"
    assert (root / "subst").read_text() == "$Format:%an$"
    assert list((root / "x").iterdir()) == [] if (root / "x").exists() else True


def test_submodule_that_would_run_a_command_is_refused(repository: Repository) -> None:
    repository.files({".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = https://h/x\n\tupdate = !touch x\n'})
    assert "git could not read" in refused(repository)


def test_gitlink_is_an_empty_folder(repository: Repository) -> None:
    repository.commit(repository.tree(("160000", "1" * 40, "sub"), ("100644", repository.blob(b"x"), "x.py")))
    assert sorted(path.name for path in repository.read().rglob("*")) == ["sub", "x.py"]


def test_configuration_of_the_account_is_not_read(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.files({"x.py": "x"})
    home, witness = tmp_path / "home", tmp_path / "ran"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[core]\n\tfsmonitor = touch {witness}\n[url "ext::touch {witness} "]\n\tinsteadOf = file://\n')
    monkeypatch.setenv("HOME", str(home))
    variables = {"CONFIG_COUNT": "1", "CONFIG_KEY_0": "core.fsmonitor", "CONFIG_VALUE_0": f"touch {witness}", "UPLOAD_PACK": "x"}
    for name, value in (variables | {"DIR": "/x", "ALLOW_PROTOCOL": "ext", "PROXY_COMMAND": "x"}).items():
        monkeypatch.setenv(f"GIT_{name}", value)
    assert (repository.read() / "x.py").exists()
    assert not witness.exists()


def test_huge_file_in_a_small_repository_is_refused(repository: Repository, settings) -> None:
    """64 MB of nothing in a pack of 64 kB."""
    settings.GIT_MAX_BYTES = 8 * 1024 * 1024
    repository.files({"huge.bin": bytes(64 * 1024 * 1024)})
    assert "GIT_MAX_BYTES" in refused(repository)


def test_large_repository_is_refused(repository: Repository, settings) -> None:
    settings.GIT_MAX_BYTES = 1024 * 1024
    repository.files({"huge.bin": os.urandom(4 * 1024 * 1024)})
    assert "GIT_MAX_BYTES" in refused(repository)


def test_endless_tree_in_a_tiny_repository_is_refused(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten folders that hold the same ten folders, eight times over: 100,000,000 files out of nine objects."""
    monkeypatch.setattr(checkouts, "MOST_ENTRIES", 2000)
    tree = repository.tree(*(("100644", repository.blob(b"x"), f"f{n}") for n in range(10)))
    for _ in range(7):
        tree = repository.tree(*(("040000", tree, f"d{n}") for n in range(10)))
    repository.commit(tree)
    assert "more than 2,000 files" in refused(repository)


def test_endless_tree_of_nothing_but_folders_is_given_up(repository: Repository, settings) -> None:
    """git walks it without a word."""
    settings.GIT_TIMEOUT = 2
    tree = repository.tree()
    for _ in range(9):
        tree = repository.tree(*(("040000", tree, f"d{n}") for n in range(10)))
    repository.commit(tree)
    assert "100,000 files" in refused(repository) or "GIT_TIMEOUT" in refused(repository)


def test_path_that_is_longer_than_paths_can_be_is_refused(repository: Repository) -> None:
    tree = repository.tree(("100644", repository.blob(b"x"), "x"))
    for _ in range(24):
        tree = repository.tree(("040000", tree, "d" * 200))
    repository.commit(tree)
    assert "characters" in refused(repository)


def test_server_that_never_answers_is_given_up(repository: Repository, settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """git itself is replaced by a program that hangs, with a helper that holds its output open."""
    settings.GIT_TIMEOUT = 1
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git").write_text(
        '#!/bin/sh\ncase "$*" in *fetch*) sleep 60 & sleep 60;; *) exec /usr/bin/env -i PATH=/usr/bin:/bin git "$@";; esac\n'
    )
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    assert "GIT_TIMEOUT" in refused(repository)


@pytest.mark.parametrize("name", ["-h", "--output=x", "$(id)", ";id", "a b", "%s", "{{7*7}}", "a\nb", "\u202egnp.x", "a" * 250])
def test_names_of_files_are_only_names(repository: Repository, name: str) -> None:
    repository.commit(repository.tree(("100644", repository.blob(b"x"), name.replace("\n", "_"))))
    assert [path.read_text() for path in repository.read().iterdir()] == ["x"]


def test_count_of_hostile_repositories() -> None:
    links, names = len(TRAVERSALS), len(NAMES) + 1
    note(f"hostile repositories refused: {links} with links and {names} with names that lead out, 7 beyond a limit of size or time")
