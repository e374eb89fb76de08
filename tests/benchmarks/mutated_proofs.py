"""1,000 changed proof bundles: `python -m tests.benchmarks.mutated_proofs [COUNT [WORKERS]]`.

Each has one field changed; it is checked as it is, and with every digest repaired. Ends with 1
when a change is not rejected, unless `verify.py` names its field as not covered.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from random import Random

from allocator.models import Policy, Settings
from tests.proof.bundles import bundle_of
from tests.proof.mutations import complaint, is_covered, mutated, repaired, spread
from tests.synthetic import synthetic_inputs

CASES = {
    "least total": (Settings(), False),
    "lottery order": (Settings(policy=Policy.LOTTERY_ORDER), False),
    "leximin": (Settings(policy=Policy.LEXIMIN), False),
    "fewest moves": (Settings(policy=Policy.FEWEST_MOVES), True),
    "a price of a move": (Settings(move_price=2.5), True),
}
"""Settings, and whether the scenario is a repair; otherwise it has a change of each other kind."""


def main(count: int = 1000, workers: int = 139) -> int:
    """Change, check, count, as many of each case; the figures are printed."""
    run = synthetic_inputs(workers, workers + 1, workers)
    found = Counter[str]()
    for name, (settings, is_repair) in CASES.items():
        bundle = bundle_of(run, settings, scenario=not is_repair, repair=is_repair)
        began = time.perf_counter()
        assert not complaint(bundle), complaint(bundle)
        print(f"{name}: verified in {time.perf_counter() - began:.2f} s", flush=True)
        random = Random(name)
        for path in spread(bundle, count // len(CASES), random):
            changed = mutated(bundle, path, random)
            found["rejected by a digest" if complaint(changed) else "NOT REJECTED"] += 1
            if complaint(repaired(changed)):
                found["repaired: rejected by arithmetic"] += 1
            elif is_covered(bundle, path):
                found["repaired: NOT REJECTED"] += 1
                print("not rejected:", path)
            else:
                found["repaired: named as not covered"] += 1
    print(*(f"{words}: {number}" for words, number in sorted(found.items())), sep="\n")
    return int(any("NOT REJECTED" in words for words in found))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
