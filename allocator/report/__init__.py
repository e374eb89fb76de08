"""An allocation to take away: CSV, an Excel workbook, and a printable report.

The printable report holds the tables that matching schemes publish; names are left out of it and
small groups masked unless the options say otherwise.
"""

from allocator.report.parts import labelled, to_csv
from allocator.report.printable import printable_report
from allocator.report.sections import ReportOptions, ReportTable, report_tables
from allocator.report.workbook import XLSX, table_workbook, to_workbook, workbook

__all__ = [
    "XLSX",
    "ReportOptions",
    "ReportTable",
    "labelled",
    "printable_report",
    "report_tables",
    "table_workbook",
    "to_csv",
    "to_workbook",
    "workbook",
]
