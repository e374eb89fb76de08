"""`python -m allocator honesty`: the figures as one JSON object, and in words."""

from __future__ import annotations

import json

from allocator.cli.main import main
from allocator.demo import demo_data
from tests.database.demo_rows import demo_rows


def test_honesty_tells_the_figures_of_a_run(database, monkeypatch, capfd):
    database.insert_tables(demo_rows())
    monkeypatch.setenv("SUPABASE_URL", database.info.url)
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", database.info.service_role_key)
    assert main(["honesty", demo_data.BY_EYE, "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    first, last = told["figures"][0], told["figures"][-1]
    assert (first["policy"], first["alpha"], first["power"]) == ("least_total", 0.3, 1.0)
    assert (last["policy"], last["surely_gain"]) == ("lottery_order", 0)
    assert len(told["gainers"]) == len(told["lists"]) == first["surely_gain"]
    assert main(["honesty", demo_data.BY_EYE]) == 0
    words = capfd.readouterr().out
    assert "By lottery order" in words
    assert "counts each job line left out as rank" in words
