"""The fingerprint follows what matters and nothing else; differences put it into words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.errors import DataIssue, InputChange
from allocator.models import LeftOut, OtherPlacement, RunInputs, Weighting
from allocator.rules.fingerprint import deciding_fingerprint, differences, fingerprint, spellings
from allocator.rules.ranks import preferences
from tests.builders import ICU, J1, J2, J3, J4, RURAL, W1, W2, W3, W4, renamed, small_run
from tests.strategies import run_inputs


def with_worker(inputs: RunInputs, key: str, **changes: object) -> RunInputs:
    workers = tuple(replace(w, **changes) if w.id == key else w for w in inputs.workers)
    return replace(inputs, workers=workers)


def with_job_line(inputs: RunInputs, key: str, **changes: object) -> RunInputs:
    job_lines = tuple(replace(j, **changes) if j.id == key else j for j in inputs.job_lines)
    return replace(inputs, job_lines=job_lines)


def with_ranks(inputs: RunInputs, key: str, order: dict[str, int]) -> RunInputs:
    lines = {j.id for j in inputs.job_lines}
    return with_worker(inputs, key, preferences=preferences(order, lines))


def only_change(before: RunInputs, after: RunInputs) -> InputChange:
    assert fingerprint(before) != fingerprint(after)
    (change,) = differences(before, after)
    return change


@given(run_inputs(), st.randoms())
def test_fingerprint_order_of_rows_has_no_part_in_it(inputs, random):
    def shuffled(rows):
        return tuple(random.sample(rows, len(rows)))

    def other_order(worker):
        order = dict(random.sample(list(worker.preferences.order.items()), len(order_of(worker))))
        return replace(worker, preferences=replace(worker.preferences, order=order))

    def order_of(worker):
        return worker.preferences.order

    again = replace(
        inputs,
        workers=shuffled([other_order(w) for w in inputs.workers]),
        job_lines=shuffled(inputs.job_lines),
        weightings=shuffled(inputs.weightings),
    )
    assert fingerprint(again) == fingerprint(inputs)
    assert differences(inputs, again) == ()


@given(run_inputs(max_workers=3, max_job_lines=3), run_inputs(max_workers=3, max_job_lines=3))
def test_differences_are_shown_whenever_fingerprints_differ(before, after):
    changed = fingerprint(before) != fingerprint(after)
    assert bool(differences(before, after)) == changed


def test_fingerprint_is_a_sha256_that_stays_the_same_between_versions():
    assert fingerprint(small_run()) == fingerprint(small_run())
    assert len(bytes.fromhex(fingerprint(small_run()))) == 32


def test_fingerprint_another_run_of_the_same_content_differs():
    inputs = small_run()
    other = replace(inputs, run=replace(inputs.run, id=J1))
    assert fingerprint(other) != fingerprint(inputs)


def test_fingerprint_names_and_completion_do_not_matter_and_names_are_told():
    inputs = small_run()
    completed = replace(inputs.run, completed_at=inputs.run.created_at)
    same = with_job_line(renamed(inputs, W1, "Adah"), J1, name="General surgery")
    same = replace(same, run=completed)
    assert fingerprint(same) == fingerprint(inputs)
    assert differences(inputs, same) == ()
    assert [str(change) for change in spellings(inputs, same)] == [
        "job_lines, Surgery: was Surgery, is now General surgery",
        "workers, Ada Archer: was Ada Archer, is now Adah Archer",
    ]
    assert spellings(inputs, small_run()) == ()


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        ({"locked": True}, "submitted, not locked", "submitted, locked"),
        ({"submitted": False}, "submitted, not locked", "not submitted, not locked"),
    ],
)
def test_differences_of_a_list_that_is_locked_or_withdrawn_leave_measures_alone(
    change, before, after
):
    inputs = small_run()
    now = with_worker(inputs, W2, **change)
    found = only_change(inputs, now)
    assert (found.row, found.before, found.after) == ("Ben Birch", before, after)
    assert deciding_fingerprint(now) == deciding_fingerprint(inputs)


def test_differences_of_the_allocation_runs_state_leave_measures_alone():
    inputs = small_run()
    now = replace(inputs, run=replace(inputs.run, allocation_run_status="archived"))
    found = only_change(inputs, now)
    assert (found.table, found.after) == ("allocationruns", "archived")
    assert deciding_fingerprint(now) == deciding_fingerprint(inputs)


def test_differences_of_exclusiveness_and_of_the_person_behind_a_mapping_decide():
    inputs = with_worker(small_run(), W1, person="one")
    for now in (
        replace(inputs, run=replace(inputs.run, is_exclusive=True)),
        with_worker(inputs, W1, person="another"),
    ):
        only_change(inputs, now)
        assert deciding_fingerprint(now) != deciding_fingerprint(inputs)


def test_differences_of_a_bucket_name_worker_job_line_and_buckets():
    inputs = small_run()
    chosen = replace(inputs.worker(W1).preferences, buckets={J1: 10, J2: 50})
    now = with_worker(inputs, W1, preferences=chosen)
    assert {(c.row, c.before, c.after) for c in differences(inputs, now)} == {
        ("Ada Archer on Surgery", "in no bucket", "in the bucket love"),
        ("Ada Archer on Medicine", "in no bucket", "in the bucket never"),
    }


def test_differences_of_another_applications_placement():
    inputs = small_run()
    placed = OtherPlacement(W1, J1, "Ada Archer", "Surgery", "locked", "3 March 2026 10:00")
    found = only_change(inputs, replace(inputs, other_placements=(placed,)))
    assert (found.row, found.before, found.after) == (
        "Ada Archer on Surgery",
        "absent",
        "locked",
    )


def test_differences_of_a_rank_names_worker_and_job_line():
    before = small_run()
    after = with_ranks(before, W1, {J1: 4, J2: 2, J4: 3})
    assert only_change(before, after) == InputChange(
        "preference_worker_job_lines", "Ada Archer on Surgery", "rank 1", "rank 4"
    )


def test_differences_of_a_rank_taken_back():
    before = small_run()
    change = only_change(before, with_ranks(before, W1, {J1: 1, J2: 2}))
    assert (change.row, change.before, change.after) == (
        "Ada Archer on Rural",
        "rank 3",
        "unranked",
    )


def test_differences_of_a_worker_who_withdrew_say_why_and_leave_out_their_ranks():
    before = small_run()
    remaining = tuple(w for w in before.workers if w.id != W1)
    reason = LeftOut("worker", W1, "Ada Archer", "Withdrawn on 3 March 2026 10:00")
    change = only_change(before, replace(before, workers=remaining, left_out=(reason,)))
    assert change == InputChange(
        "allocation_run_worker_mappings",
        "Ada Archer",
        "taking part",
        "not taking part (Withdrawn on 3 March 2026 10:00)",
    )


def test_differences_of_a_job_line_that_joined():
    after = small_run()
    before = replace(after, job_lines=tuple(j for j in after.job_lines if j.id != J4))
    change = only_change(before, after)
    assert (change.table, change.row) == ("job_lines", "Rural")
    assert (change.before, change.after) == ("not taking part", "taking part")


def test_differences_of_places_and_mandatory_flag():
    before = small_run()
    more = only_change(before, with_job_line(before, J1, max_n_workers=3))
    assert (more.row, more.before, more.after) == ("Surgery", "1 place", "3 places")
    must = only_change(before, with_job_line(before, J1, must_have_workers=True))
    assert (must.before, must.after) == ("not mandatory", "mandatory")


def test_differences_of_an_eligibility_row_name_the_field():
    before = small_run()
    row = before.job_line(J4).eligibility
    named = replace(row, included_worker_mapping_ids=frozenset({W1, W3}))
    change = only_change(before, with_job_line(before, J4, eligibility=named))
    assert change == InputChange(
        "job_line_eligibility", "Rural, included workers", "Ada Archer", "Ada Archer, Cy Cole"
    )


def test_differences_of_an_eligibility_row_that_went_away():
    before = small_run()
    changes = differences(before, with_job_line(before, J3, eligibility=None))
    assert {(c.row, c.before, c.after) for c in changes} == {
        ("Emergency", "restricted by a row", "without a row"),
        ("Emergency, excluded qualifications", "ICU course", "none"),
    }


def test_differences_of_a_weighting_say_which_way_it_pulls():
    before = small_run()
    first, second = before.weightings
    change = only_change(before, replace(before, weightings=(replace(first, weighting=-3), second)))
    assert change.before == "+3 (less wanted) for holders of Rural scheme on Rural"
    assert change.after == "-3 (more wanted) for holders of Rural scheme on Rural"


def test_differences_of_a_new_weighting():
    before = small_run()
    added = (*before.weightings, Weighting("w3", 1, J2))
    change = only_change(before, replace(before, weightings=added))
    assert (change.before, change.after) == (
        "absent",
        "+1 (less wanted) for every worker on Medicine",
    )


def test_differences_of_a_qualification():
    before = small_run()
    after = with_worker(before, W4, qualification_ids=frozenset({RURAL, ICU}))
    change = only_change(before, after)
    assert (change.table, change.row) == ("worker_qualifications", "Di Dale, ICU course")
    assert (change.before, change.after) == ("not held", "held")


def test_differences_of_a_new_data_error_with_the_same_rows():
    before = small_run()
    issue = DataIssue(
        "preference_worker_job_lines",
        "Ada Archer on Surgery",
        "There are 2 rows for this pair (rank 1, rank 1).",
        "Delete all but one of the rows.",
        (W1, J1),
    )
    change = only_change(before, replace(before, issues=(issue,)))
    assert change.row == "Ada Archer on Surgery"
    assert change.before == "without this error"
    assert change.after == "in error: There are 2 rows for this pair (rank 1, rank 1)."
