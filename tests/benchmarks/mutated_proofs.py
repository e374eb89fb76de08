"""1,000 changed proof bundles: `python -m tests.benchmarks.mutated_proofs [COUNT [WORKERS]]`.

Each has one field changed; it is checked as it is, and with every digest repaired. Ends with 1
when a change is not rejected, unless `verify.py` names its field as not covered.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from random import Random

from allocator.models import Settings
from tests.proof.bundles import bundle_of
from tests.proof.mutations import complaint, is_covered, mutated, repaired, spread
from tests.synthetic import synthetic_inputs


def main(count: int = 1000, workers: int = 139) -> int:
    """Change, check, count; the figures are printed."""
    settings = Settings()
    bundle = bundle_of(synthetic_inputs(workers, workers + 1, workers), settings, scenario=True)
    began = time.perf_counter()
    assert not complaint(bundle)
    print(f"verify: {time.perf_counter() - began:.2f} s in this process")
    random, found = Random(15), Counter[str]()
    for path in spread(bundle, count, random):
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
