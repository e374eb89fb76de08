"""README, CONTRIBUTING and the glossary: what they tell the reader to do works, what they name
is there."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import allocator
from allocator.cli.main import main
from allocator.config import KEY_VARIABLE, SECRETS_VARIABLE, URL_VARIABLE
from allocator.demo import demo_data
from allocator.errors import ExitCode
from tests.database.demo_rows import demo_rows

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/glossary.md", "docs/decisions")
RUNS = {"diagnose": demo_data.INFEASIBLE}
"""What `RUN` stands for, for the commands that need another one than the run solved by eye."""
ENDINGS = {
    "diagnose": {ExitCode.INFEASIBLE},
    "process-pending": {ExitCode.INFEASIBLE, ExitCode.DATA_ERRORS},
}
"""What the commands end with on the demo data, where that is not 0."""


def text_of(name: str) -> str:
    """A document, or all of a folder's."""
    path = ROOT / name
    found = sorted(path.glob("*.md")) if path.is_dir() else [path]
    return "\n".join(each.read_text("utf-8") for each in found)


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def in_code(text: str) -> str:
    """Code blocks and `code` of a document, a piece a line."""
    fenced = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    inline = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return "\n".join([*fenced, *(" ".join(piece.split()) for piece in inline)])


def commands(text: str) -> list[list[str]]:
    """The arguments of every `python -m allocator …` of a document, in order."""
    found = re.findall(r"python -m allocator +([^\n#]+)", in_code(text))
    return [shlex.split(each.split("|")[0]) for each in found]


@pytest.fixture
def configured(database, monkeypatch):
    """The demo data, on the configured database."""
    database.insert_tables(demo_rows())
    monkeypatch.setenv(URL_VARIABLE, database.info.url)
    monkeypatch.setenv(KEY_VARIABLE, database.info.service_role_key)
    return database


def _meant(argv: list[str]) -> dict[str, str]:
    """The runs of the demo data that a command of the README stands for."""
    run = RUNS.get(argv[0], demo_data.BY_EYE)
    if argv[0] == "repair" or "--scenario" in argv:
        run = demo_data.REPAIR_BATCH
    return {"RUN": run, "COMPLETED": demo_data.TO_REPAIR}


def test_every_command_of_the_readme_works_in_its_order(monkeypatch, tmp_path, capfd):
    for name in (URL_VARIABLE, KEY_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(SECRETS_VARIABLE, str(tmp_path / "none.toml"))
    monkeypatch.setenv("ALLOCATOR_DATA_DIR", str(tmp_path / "stack"))
    monkeypatch.chdir(tmp_path)  # some commands write files
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse battery\n"))
    monkeypatch.chdir(tmp_path)
    [block] = [b for b in blocks(text_of("README.md"), "sh") if "local start" in b]
    lifecycle, everywhere = commands(f"```sh\n{block}```"), commands(text_of("README.md"))
    assert lifecycle[0][:2] == ["local", "start"]
    assert lifecycle[-1] == ["local", "stop"]
    mentioned = [argv for argv in everywhere if argv not in lifecycle]
    try:
        for argv in (*lifecycle[:-1], *mentioned):
            code = main([_meant(argv).get(word, word) for word in argv])
            said = capfd.readouterr()
            assert code in ENDINGS.get(argv[0], {ExitCode.DONE}), (argv, said.err)
            assert "Traceback" not in said.err
    finally:
        assert main(lifecycle[-1]) == ExitCode.DONE


@pytest.mark.parametrize("name", DOCUMENTS[:2])
def test_every_command_that_is_named_exists(name):
    told = {argv[0] for argv in commands(text_of(name))}
    known = main_commands()
    assert told <= known
    if name == "README.md":
        assert known <= told, "a command that the README does not show"


def main_commands() -> set[str]:
    """The commands that the program's help lists."""
    done = subprocess.run(
        [sys.executable, "-m", "allocator", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    return set(re.findall(r"^    ([a-z-]+)", done.stdout, re.MULTILINE))


@pytest.mark.parametrize("name", [*DOCUMENTS[:2], ".ci/run"])
def test_every_make_target_that_is_named_exists(name):
    text = text_of(name)
    code = text if name == ".ci/run" else in_code(text)
    targets = set(re.findall(r"\bmake ([a-z]+)", code))
    assert targets
    for target in targets:
        done = subprocess.run(
            ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


def test_readme_script_solves_and_commits_what_is_pending(configured):
    [script] = blocks(text_of("README.md"), "python")
    assert "AllocatorService()" in script
    assert len(script.strip().splitlines()) <= 12
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    rows = configured.rows(
        "select allocator_py_run::text as run, operator from allocator_console_audit"
    )
    sound = {demo_data.INTERN_YEAR, demo_data.BY_EYE, demo_data.SECOND_BATCH}
    sound.add(demo_data.REPAIR_BATCH)
    assert {row["run"] for row in rows} == sound
    assert "infeasible" in done.stdout
    assert "job_lines" in done.stdout or "allocator_py_runs" in done.stdout  # a data error's table


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_is_named_exists(name):
    pieces = re.findall(
        r"(?<![\w/.<{])((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|md|toml))(?![\w/>{])",
        in_code(text_of(name)),
    )
    links = re.findall(r"\]\(([^)#:]+)\)", text_of(name))
    base = ROOT / "docs" if name.startswith("docs") else ROOT
    assert [link for link in links if not (base / link).exists()] == []
    roots = (ROOT, ROOT / "allocator", ROOT / "tests", base)
    tops = {path.name for root in roots for path in root.iterdir()}
    named = {piece for piece in pieces if piece.split("/")[0] in tops}
    assert named
    absent = {p for p in named if not any((root / p).exists() for root in roots)}
    made = {"tests/artifacts/", ".streamlit/secrets.toml", ".venv/bin/python", ".venv/bin/activate"}
    assert absent - made == set()


def test_readme_tree_shows_every_room():
    [tree] = blocks(text_of("README.md").split("## What is where")[1], "")
    shown = set(re.findall(r"([\w-]+)/", tree))
    rooms = {
        path.parent.name
        for package in ("allocator", "console")
        for path in (ROOT / package).glob("*/__init__.py")
    }
    assert rooms <= shown


def test_glossary_names_code_that_is_there():
    for where in re.findall(r"\| `([\w.]+)` \|$", text_of("docs/glossary.md"), re.MULTILINE):
        word = where.split(".")[-1]
        found = subprocess.run(
            ["git", "grep", "-qwE", f"(class|def) {word}|{word}:", "--", "allocator/*.py"], cwd=ROOT
        )
        assert found.returncode == 0, where


def test_public_names_are_importable_and_documented():
    assert sorted(allocator.__all__) == allocator.__all__
    for name in allocator.__all__:
        assert getattr(allocator, name).__doc__, name
    with pytest.raises(AttributeError):
        allocator.no_such_name  # noqa: B018
    assert set(allocator._HOMES) <= set(allocator.__all__)


def test_importing_the_package_loads_nothing_else():
    script = "import sys, allocator; print([m for m in sys.modules if m.startswith('allocator.')])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.replace("'", '"')) == []
