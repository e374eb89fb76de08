"""Cells that no spreadsheet takes for a formula, and CSV made of them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

_STARTS_FORMULA = re.compile(r"^\s*[=+\-@＝＋－＠\t\r\n|%]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def is_formula_like(text: str) -> bool:
    """Whether a spreadsheet may run the text: it begins, after blanks, with = + - @ or the like."""
    return bool(_STARTS_FORMULA.match(text))


def plain_value(value: Any) -> Any:
    """A frame's cell as str, int, float, bool or None; tuples joined, control characters gone."""
    if isinstance(value, tuple | list):
        value = ", ".join(str(item) for item in value)
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int | float):
        return None if isinstance(value, float) and np.isnan(value) else value
    return _CONTROL.sub("", str(value))


def safe_text(value: Any) -> Any:
    """`plain_value`; text that looks like a formula gets a leading apostrophe."""
    value = plain_value(value)
    return f"'{value}" if isinstance(value, str) and is_formula_like(value) else value


def to_csv(frame: pd.DataFrame) -> bytes:
    """UTF-8 CSV with a byte order mark (so that Excel reads accents), header row, no index."""
    safe = pd.DataFrame(
        {
            safe_text(str(column)): pd.Series(
                [safe_text(value) for value in frame[column]], dtype="object"
            )
            for column in frame.columns
        }
    )
    text: str = safe.to_csv(index=False, lineterminator="\r\n")
    return text.encode("utf-8-sig")
