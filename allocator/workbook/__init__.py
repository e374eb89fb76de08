"""A run's inputs as a spreadsheet: a template to fill in, read with every bad cell named.

Reading: file → `cells` (sheets of plain values) → `reading` (the sheets' meaning) → `Book`,
whose `rows` go into the local database or straight into `RunInputs`.
"""

from allocator.workbook.book import Book
from allocator.workbook.reading import read_workbook
from allocator.workbook.writing import book_of, example, template, written

__all__ = ["Book", "book_of", "example", "read_workbook", "template", "written"]
