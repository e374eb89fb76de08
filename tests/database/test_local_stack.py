"""The local stack behaves like a hosted Supabase project and survives what happens to it."""

import pytest


def test_database_is_empty(database):
    assert database.client.table("workers").select("id").execute().data == []


@pytest.mark.parametrize("n", [1, 2])
def test_database_is_emptied_between_tests(database, n):
    assert database.rows("select * from allocationplans") == []
    (plan,) = database.insert("allocationplans", {"name": "Interns"})
    database.insert("allocationruns", {"allocationplan": plan["id"]})
    found = database.client.table("allocationruns").select("status").execute().data
    assert found == [{"status": "open"}]
