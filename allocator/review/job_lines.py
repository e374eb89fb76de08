"""The job lines of a run: places, demand, and those that were left out."""

from __future__ import annotations

import pandas as pd

from allocator.models import RunInputs
from allocator.review.workers import LEFT_OUT, TAKES_PART
from allocator.satisfaction.job_lines import demand


def review_job_lines(inputs: RunInputs) -> pd.DataFrame:
    """`satisfaction.job_lines.demand` with `capacity`, `used_places`, `status` and `reason`.

    Job lines taking part come first, in their own order; those left out follow with the reason,
    their counts NA.
    """
    frame = demand(inputs)
    lines = [inputs.job_line(j) for j in frame["job_line"]]
    frame["capacity"] = [j.max_n_workers for j in lines]
    frame["used_places"] = [j.used_places for j in lines]
    frame["status"], frame["reason"] = TAKES_PART, ""
    counts = frame.select_dtypes("number").columns
    frame[counts] = frame[counts].astype("Int64")
    left_out = sorted(
        (left for left in inputs.left_out if left.kind == "job line"), key=lambda left: left.name
    )
    if not left_out:
        return frame
    rest = pd.DataFrame(
        {
            "job_line": [left.id for left in left_out],
            "job_line_name": [left.name for left in left_out],
            "status": LEFT_OUT,
            "reason": [left.reason for left in left_out],
        }
    )
    frame["must_have"] = frame["must_have"].astype("boolean")
    return pd.concat([frame, rest], ignore_index=True).astype(frame.dtypes.to_dict())
