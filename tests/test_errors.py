"""One root, one home, one list of exit codes."""

from __future__ import annotations

import ast
import inspect
import re
from itertools import chain
from pathlib import Path

import pytest

from allocator import errors
from allocator.errors import AllocatorError, ExitCode

ROOT = Path(__file__).parents[1]
HOME = Path(errors.__file__)
FAILURES = [
    found
    for found in vars(errors).values()
    if inspect.isclass(found) and issubclass(found, Exception)
]


def exception_classes(path: Path) -> list[str]:
    """The public exception classes that a source file defines, by the names of their bases."""
    known = {failure.__name__ for failure in FAILURES} | {"Exception", "BaseException"}
    return [
        node.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        and not node.name.startswith("_")
        and any(
            (ast.unparse(base).split(".")[-1] in known) or ast.unparse(base).endswith("Error")
            for base in node.bases
        )
    ]


def test_every_failure_class_lives_in_errors():
    sources = chain((ROOT / "allocator").rglob("*.py"), (ROOT / "console").rglob("*.py"))
    elsewhere = {
        path.relative_to(ROOT): found
        for path in sources
        if path != HOME and (found := exception_classes(path))
    }
    assert elsewhere == {}
    assert set(exception_classes(HOME)) == {failure.__name__ for failure in FAILURES}


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.__name__)
def test_failure_says_what_happened(failure):
    assert issubclass(failure, AllocatorError)
    message = (inspect.cleandoc(failure.__doc__ or "")).split("\n", 1)[0]
    assert re.fullmatch(r"[A-Z].*\.", message), message
    assert failure.__name__ in (errors.__doc__ or ""), "the tree at the top lacks it"
    assert isinstance(failure.exit_code, ExitCode)
    assert failure.exit_code is not ExitCode.DONE
    if "__init__" not in vars(failure):
        said = failure(remedy="Do this.", run="r")
        assert (said.message, said.how, said.facts) == (message, "Do this.", {"run": "r"})
        assert str(said) == f"{message} Do this."


def test_exit_codes_of_the_readme_are_those_of_the_program():
    text = " ".join((ROOT / "README.md").read_text("utf-8").split())
    told = re.search(r"Exit codes: (.*?)\.", text)
    assert told
    assert told.group(1) == ExitCode.in_words()
