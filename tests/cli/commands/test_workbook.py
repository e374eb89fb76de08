"""The commands around workbooks, on the demo data."""

from __future__ import annotations

from openpyxl import Workbook, load_workbook

from allocator.demo import demo_data


def test_an_exported_run_imports_and_solves_to_the_same_total(cli, database, tmp_path, monkeypatch):
    monkeypatch.setenv("ALLOCATOR_DATA_DIR", database.info.data_dir)
    file, result = str(tmp_path / "run.xlsx"), str(tmp_path / "result.xlsx")
    assert cli("export-workbook", demo_data.BY_EYE, "--out", file)[0] == 0
    solves = database.rows("select count(*) as n from allocator_console_solves")
    code, alone = cli("solve", "--workbook", file, "--out", result)
    assert code == 0
    assert len(load_workbook(result).sheetnames) > 1
    assert database.rows("select count(*) as n from allocator_console_solves") == solves
    code, told = cli("local", "import", file)
    assert code == 0
    there = cli("solve", told["run_id"])[1]
    assert there["objective"] == alone["objective"]
    assert there["objective"] == cli("solve", demo_data.BY_EYE)[1]["objective"]


def test_a_bad_workbook_leaves_nothing_in_the_database(cli, database, tmp_path, monkeypatch):
    monkeypatch.setenv("ALLOCATOR_DATA_DIR", database.info.data_dir)
    before = database.rows("select count(*) as n from workers")
    book = Workbook()
    book.active.title = "Workers"
    book.active.append(["Worker ID", "Submitted"])
    book.active.append(["1", "perhaps"])
    book.save(tmp_path / "bad.xlsx")
    code, told = cli("local", "import", str(tmp_path / "bad.xlsx"))
    assert code == 4
    rows = [(e["table"], e["row"]) for e in told["error"]["data_errors"]]
    assert rows == [("sheet Workers", "cell B2"), ("sheet Job lines", "cell A1")]
    assert database.rows("select count(*) as n from workers") == before


def test_a_workbook_is_not_committed(cli, tmp_path):
    file = str(tmp_path / "empty.xlsx")
    assert cli("template", file)[0] == 0
    assert cli("solve", "--workbook", file, "--commit", "--operator", "A")[0] == 2
    assert cli("solve")[0] == 2
