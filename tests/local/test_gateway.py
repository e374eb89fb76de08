"""Clients of the local stack see what a hosted Supabase project would show them."""

from __future__ import annotations

import httpx
import pytest
from postgrest.exceptions import APIError

from allocator.config import Connection
from allocator.postgres import connect
from tests.waiting import eventually


@pytest.fixture
def http(database):
    with httpx.Client(base_url=database.info.url, trust_env=False) as client:
        yield client


def tables(database):
    found = database.rows("select tablename from pg_tables where schemaname = 'public'")
    return [row["tablename"] for row in found]


def test_request_without_key_is_turned_away(http):
    answer = http.get("/rest/v1/workers")
    assert answer.status_code == 401
    assert answer.json()["message"] == "No API key found in request"


def test_request_with_a_wrong_key_is_refused(http):
    answer = http.get("/rest/v1/workers", headers={"apikey": "wrong"})
    assert answer.status_code == 401
    assert answer.json()["code"] == "PGRST301"


def test_secret_key_acts_as_the_service_role(http, database):
    database.insert("qualification_tags", {"name": "Rural"})
    headers = {"apikey": database.info.secret_key}
    assert len(http.get("/rest/v1/qualification_tags", headers=headers).json()) == 1
    client = connect(Connection(database.info.url, database.info.secret_key))
    assert len(client.table("qualification_tags").select("id").execute().data) == 1


def test_secret_key_is_no_bearer_token(http, database):
    key = database.info.secret_key
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    answer = http.get("/rest/v1/workers", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "PGRST301")


def test_unknown_secret_key_is_turned_away_in_the_gateways_words(http):
    answer = http.get("/rest/v1/workers", headers={"apikey": "sb_secret_wrong"})
    assert (answer.status_code, answer.json()) == (401, {"message": "Invalid API key"})


def test_other_paths_are_unknown(http):
    assert http.get("/auth/v1/user").status_code == 404


def test_key_in_the_address_works_and_is_not_a_filter(http, database):
    database.insert("qualification_tags", {"name": "Rural & remote"})
    answer = http.get(
        "/rest/v1/qualification_tags",
        params={"apikey": database.info.service_role_key, "name": "eq.Rural & remote"},
    )
    assert [row["name"] for row in answer.json()] == ["Rural & remote"]


def test_authorization_decides_over_the_key(http, database):
    database.insert("qualification_tags", {"name": "Rural"})
    headers = {
        "apikey": database.info.anon_key,
        "Authorization": f"Bearer {database.info.service_role_key}",
    }
    assert len(http.get("/rest/v1/qualification_tags", headers=headers).json()) == 1


def test_browser_may_ask_from_any_origin(http, database):
    preflight = http.options(
        "/rest/v1/workers",
        headers={
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "apikey,authorization,prefer,x-client-info",
        },
    )
    assert preflight.status_code == 200
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert "prefer" in preflight.headers["access-control-allow-headers"]
    answer = http.get(
        "/rest/v1/workers",
        headers={"Origin": "http://localhost:3000", "apikey": database.info.service_role_key},
    )
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert "content-range" in answer.headers["access-control-expose-headers"].lower()


def test_answers_stop_at_a_thousand_rows_and_count_tells_the_truth(database):
    database.insert_tables({"workers": [{"internal_id": str(n)} for n in range(1001)]})
    answer = database.client.table("workers").select("id", count="exact").limit(5000).execute()
    assert len(answer.data) == 1000
    assert answer.count == 1001


def test_statements_end_after_eight_seconds(database):
    database.rows(
        "create function show_timeout() returns text language sql "
        "as $$ select current_setting('statement_timeout') $$"
    )
    database.rows("notify pgrst, 'reload schema'")
    try:
        assert _call_when_known(database, "show_timeout") == "8s"
    finally:
        database.rows("drop function show_timeout()")


def _call_when_known(database, name):
    """Call a function that PostgREST is about to learn of."""

    def answer():
        try:
            return database.client.rpc(name, {}).execute().data
        except APIError as error:
            if error.code != "PGRST202":
                raise

    return eventually(answer)


def test_every_table_has_row_level_security(database):
    unsafe = database.rows(
        "select relname from pg_class where relnamespace = 'public'::regnamespace "
        "and relkind = 'r' and not relrowsecurity"
    )
    assert unsafe == []


def test_anon_sees_nothing(database):
    plan, *_ = database.insert("allocationplans", {"name": "Interns"})
    year, *_ = database.insert("allocationruns", {"allocationplan": plan["id"]})
    run, *_ = database.insert("allocator_py_runs", {"allocation_run": year["id"]})
    audit = {"allocator_py_run": run["id"], "operator": "A", "n_allocations": 1}
    audit |= {"committed_at": "2026-01-01T00:00:00Z", "solver": "", "fingerprint": ""}
    audit |= {"settings": {}, "scenario": {}, "counts": {}}
    database.insert("allocator_console_audit", audit)
    anon = database.client_for(database.info.anon_key)
    for table in tables(database):
        if table.startswith("allocator_console_"):
            with pytest.raises(APIError, match="permission denied"):
                anon.table(table).select("*").execute()
        else:
            assert anon.table(table).select("*").execute().data == []


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (
            "allocator_console_commit",
            {"p_run": None, "p_allocations": [], "p_audit": {}, "p_contract": 2},
        ),
        ("allocator_console_digest", {"p_run": None}),
        ("allocator_console_readiness", {}),
        ("allocator_console_version", {}),
    ],
)
def test_anon_may_not_call_our_functions(database, function, arguments):
    anon = database.client_for(database.info.anon_key)
    with pytest.raises(APIError) as refusal:
        anon.rpc(function, arguments).execute()
    assert refusal.value.code == "42501"


def test_service_role_may_not_change_the_audit(database):
    for change in (
        database.client.table("allocator_console_audit").delete().neq("operator", ""),
        database.client.table("allocator_console_audit").update({"operator": "B"}).eq("solver", ""),
        database.client.table("allocator_console_solves").delete().neq("operator", "-"),
    ):
        with pytest.raises(APIError) as refusal:
            change.execute()
        assert refusal.value.code == "42501"


def test_worker_qualifications_counts_those_held_during_the_year(database):
    plan, *_ = database.insert("allocationplans", {"name": "Interns"})
    year, *_ = database.insert(
        "allocationruns",
        {"allocationplan": plan["id"], "startdate": "2027-02-01", "enddate": "2028-01-31"},
    )
    worker, *_ = database.insert("workers", {"internal_id": "W1"})
    mapping, *_ = database.insert(
        "allocation_run_worker_mappings", {"worker": worker["id"], "allocation_run": year["id"]}
    )
    spans = [(None, None), ("2020-01-01", "2027-02-01"), (None, "2027-01-31"), ("2028-02-01", None)]
    tags = database.insert("qualification_tags", *({"name": str(span)} for span in spans))
    database.insert(
        "worker_qualifications",
        *(
            {"worker": worker["id"], "qualification_tag": tag["id"]}
            | {"start_date": span[0], "end_date": span[1]}
            for tag, span in zip(tags, spans, strict=True)
        ),
    )
    found = database.client.rpc(
        "get_worker_qualifications", {"p_allocation_run_id": str(year["id"])}
    ).execute()
    assert {row["qualification_tag_id"] for row in found.data} == {
        str(tags[0]["id"]),
        str(tags[1]["id"]),
    }
    assert {row["worker_mapping_id"] for row in found.data} == {str(mapping["id"])}
