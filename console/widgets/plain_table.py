"""A short table as it is, and the download below every table.

Streamlit's own download writes cells as they are, so that a name that begins with `=` would run
as a formula in a spreadsheet. `frame.py` hides it; these files are safe.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from allocator.report import to_csv
from console import tables


def plain_table(shown: pd.DataFrame, *, key: str, file_name: str, **options: Any) -> None:
    """Draw a displayed frame and its download; `options` go to `st.dataframe`."""
    options.setdefault("column_config", tables.column_config(shown))
    st.dataframe(shown, hide_index=True, key=key, **options)
    csv_button(lambda: shown, file_name, key, disabled=shown.empty)


def csv_button(
    made: Callable[[], pd.DataFrame], file_name: str, key: str, *, disabled: bool = False
) -> None:
    """A download of the frame, which is made when somebody asks for it."""
    st.download_button(
        "Download CSV",
        data=lambda: to_csv(made()),
        file_name=f"{file_name}.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key=f"csv {key}",
        disabled=disabled,
    )
