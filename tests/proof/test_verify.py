"""`verify.py`: every proof of ours holds, no changed one does, with nothing but Python."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocator.models import Policy, Settings
from allocator.proof import verify
from allocator.result import Status
from allocator.solving.solver import solve
from tests.proof.bundles import bundle_of, hydrated_like, medium_run
from tests.proof.mutations import complaint, is_covered, mutated, repaired, spread
from tests.strategies import run_inputs

CASES = {
    "least total": Settings(),
    "leximin": Settings(policy=Policy.LEXIMIN, seed=5),
    "greedy with a cap": Settings(policy=Policy.GREEDY, worst_rank=22),
    "generous": Settings(policy=Policy.GENEROUS, alpha=0.1 + 0.2),
    "a power between": Settings(power=1.5, alpha=0.123456789),
    "a high power": Settings(power=10, alpha=0.0),
    "lottery order": Settings(policy=Policy.LOTTERY_ORDER, seed=11),
}
REPAIRS = {
    "fewest moves": Settings(policy=Policy.FEWEST_MOVES),
    "most moves": Settings(policy=Policy.MOST_MOVES, power=2.0),
    "a price of a move": Settings(move_price=2.75, alpha=0.25),
}


@pytest.fixture(scope="module")
def bundles():
    """A bundle of each case, with a scenario."""
    made = {name: bundle_of(medium_run(), of, scenario=True) for name, of in CASES.items()}
    return made | {name: bundle_of(medium_run(), of, repair=True) for name, of in REPAIRS.items()}


@pytest.mark.parametrize("name", [*CASES, *REPAIRS])
def test_every_proof_of_ours_holds(bundles, name):
    assert bundles[name]["status"] == "optimal"
    assert complaint(bundles[name]) == ""


@given(
    run_inputs(feasible=True),
    st.sampled_from([*CASES.values(), Settings(bucket_order=True), Settings(alpha=1.0)]),
)
@settings(max_examples=25, deadline=None)
def test_every_proof_of_a_small_run_holds(inputs, chosen):
    if solve(hydrated_like(inputs, chosen), chosen).status is not Status.OPTIMAL:
        return  # a cap that no allocation keeps, or a power that only proves a small gap
    assert complaint(bundle_of(inputs, chosen)) == ""


MUTATED = ["least total", "leximin", "a power between", "lottery order", *REPAIRS]


@pytest.mark.parametrize("name", MUTATED)
def test_no_proof_with_a_changed_field_holds(bundles, name):
    bundle, random = bundles[name], Random(name)
    for path in spread(bundle, 150, random):
        changed = mutated(bundle, path, random)
        assert complaint(changed), path
        if is_covered(bundle, path):
            assert complaint(repaired(changed)), path


def test_a_worse_allocation_with_repaired_digests_is_not_called_optimal():
    bundle = bundle_of(medium_run())
    first, second = bundle["allocation"][:2]
    first[1], second[1] = second[1], first[1]
    said = complaint(repaired(bundle))
    assert said.startswith("NOT PROVEN: ")


def test_a_solve_without_a_proof_is_said_to_be_none():
    bundle = bundle_of(medium_run())
    assert "without a proof" in complaint(repaired({**bundle, "proof": None}))


def test_the_fingerprint_on_the_receipt_is_compared():
    bundle = bundle_of(medium_run())
    verify.check(bundle, bundle["fingerprint"])
    with pytest.raises(SystemExit, match="other data"):
        verify.check(bundle, "0" * 64)


def test_plain_python_checks_a_file_in_an_empty_directory(tmp_path):
    shutil.copy(verify.__file__, tmp_path / "verify.py")
    bundle = bundle_of(medium_run())

    def run(content: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "proof.json").write_text(content)
        command = [sys.executable, "-I", "-S", "verify.py", "proof.json"]
        return subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True)

    sound = run(json.dumps(bundle))
    assert (sound.returncode, sound.stdout.split(":")[0]) == (0, "OPTIMAL")
    assert "Only the digests cover" in sound.stdout
    for wrong in ("", "[]", "{}", json.dumps({**bundle, "objective": 1.0})):
        refused = run(wrong)
        assert refused.returncode == 1
        assert refused.stderr.startswith("NOT PROVEN: ")
        assert "Traceback" not in refused.stderr


def test_the_verifier_is_short_and_imports_the_standard_library_only():
    text = Path(verify.__file__).read_text()
    assert len(text.splitlines()) <= 120
    imported = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    assert imported <= sys.stdlib_module_names
