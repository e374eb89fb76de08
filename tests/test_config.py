"""Where the connection comes from, and that secrets stay out of every message."""

import jwt
import pytest
from argon2 import PasswordHasher

from allocator.config import (
    Connection,
    ConsoleOptions,
    api_key_hash,
    console_options,
    key_role,
    load_connection,
    operators,
    roles,
)
from allocator.errors import AllocatorError, ConfigurationError

URL, KEY = "http://127.0.0.1:9", "header.payload.a-secret"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("a password")


@pytest.fixture
def secrets(tmp_path, monkeypatch):
    """Writes a secrets file, and clears the environment and any running local stack."""
    path = tmp_path / "secrets.toml"
    monkeypatch.setenv("ALLOCATOR_SECRETS", str(path))
    monkeypatch.delenv("SUPABASE_URL", raising=False)
    for name in ("SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SECRET_KEY", "SUPABASE_ALLOW_HTTP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALLOCATOR_DATA_DIR", str(tmp_path / "no-stack"))
    return path.write_text


def test_connection_from_the_environment_comes_first(secrets, monkeypatch):
    secrets('[supabase]\nurl = "http://elsewhere"\nservice_role_key = "other"\n')
    monkeypatch.setenv("SUPABASE_URL", URL + "/")
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", f" {KEY}\n")
    assert load_connection() == Connection(URL, KEY)


@pytest.mark.parametrize(
    "text",
    [
        f'[supabase]\nurl = "{URL}"\nservice_role_key = "{KEY}"\n',
        f'[supabase]\nurl = "{URL}"\nsecret_key = "{KEY}"\nservice_role_key = "old"\n',
        f'SUPABASE_URL = "{URL}"\nSUPABASE_SECRET_KEY = "{KEY}"\n',
        f'SUPABASE_URL = "{URL}"\nSUPABASE_SERVICE_ROLE_KEY = "{KEY}"\n',
    ],
)
def test_connection_from_the_secrets_file(secrets, text):
    secrets(text)
    assert load_connection() == Connection(URL, KEY)


def test_connection_prefers_the_secret_key_of_the_environment(secrets, monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", URL)
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "a.legacy.key")
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_new")
    assert load_connection() == Connection(URL, "sb_secret_new")
    assert load_connection().role == "service_role"


@pytest.mark.parametrize("ending", ["/rest/v1", "/rest/v1/", "/", ""])
def test_connection_understands_the_address_of_the_rest_api(ending):
    assert Connection(f"https://db.example{ending}", KEY).url == "https://db.example"


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9", "http://127.1.2.3", "http://localhost:54321", "http://[::1]:9"],
)
def test_connection_over_http_to_this_machine(url):
    assert Connection(url, KEY).is_local


@pytest.mark.parametrize("url", ["http://db.example", "http://10.0.0.5:8000", "http://0.0.0.0"])
def test_connection_over_http_to_another_machine_is_refused_unless_allowed(
    secrets, monkeypatch, url
):
    with pytest.raises(ConfigurationError, match="unencrypted"):
        Connection(url, KEY)
    secrets(f'[supabase]\nurl = "{url}"\nsecret_key = "{KEY}"\n')
    with pytest.raises(ConfigurationError, match="SUPABASE_ALLOW_HTTP"):
        load_connection()
    secrets(f'[supabase]\nurl = "{url}"\nsecret_key = "{KEY}"\nallow_http = true\n')
    assert load_connection().url == url
    secrets(f'[supabase]\nurl = "{url}"\nsecret_key = "{KEY}"\n')
    monkeypatch.setenv("SUPABASE_ALLOW_HTTP", "1")
    assert load_connection().url == url


def test_connection_allowed_by_something_else_than_a_switch_is_refused(secrets):
    secrets('[supabase]\nurl = "http://db.example"\nsecret_key = "x"\nallow_http = "no"\n')
    with pytest.raises(ConfigurationError, match="true or false"):
        load_connection()


def test_connection_half_configured_says_what_is_missing(secrets, monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", URL)
    with pytest.raises(ConfigurationError, match="lacks SUPABASE_SECRET_KEY or SUPABASE_SER"):
        load_connection()


def test_connection_that_is_no_text_is_refused(secrets):
    secrets('[supabase]\nurl = "https://a.example"\nservice_role_key = 5\n')
    with pytest.raises(ConfigurationError, match="must be texts"):
        load_connection()


def test_connection_nowhere_says_how_to_configure_one(secrets):
    with pytest.raises(ConfigurationError, match="local start"):
        load_connection()


@pytest.mark.parametrize(
    "url",
    ["", "db.example", "ftp://db.example", "http://", "http://user:pw@db.example", "http://h:x"],
)
def test_connection_with_an_odd_address_is_refused(url):
    with pytest.raises(ConfigurationError, match="address"):
        Connection(url, KEY)


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "clé"])
def test_connection_with_an_odd_key_is_refused_without_quoting_it(key):
    with pytest.raises(ConfigurationError) as raised:
        Connection(URL, key)
    assert not key or key not in str(raised.value)


def test_connection_shows_its_key_nowhere():
    assert KEY not in repr(Connection(URL, KEY)) + str(Connection(URL, KEY))


def test_key_role_reads_both_kinds_of_keys():
    secret = "0" * 32
    assert key_role(jwt.encode({"role": "anon"}, secret)) == "anon"
    assert key_role(jwt.encode({"role": "service_role"}, secret)) == "service_role"
    assert key_role("sb_secret_x") == "service_role"
    assert key_role("sb_publishable_x") == "anon"


@pytest.mark.parametrize("key", ["", "x", "a.b.c", "a.bnVsbA.c", "a.e30.c", "a.é.c"])
def test_key_role_of_something_else_is_empty(key):
    assert key_role(key) == ""


def test_secrets_file_with_a_mistake_names_the_line_and_no_value(secrets):
    secrets('[operators]\nada = "topsecret\n')
    with pytest.raises(ConfigurationError, match="line 2") as raised:
        operators()
    assert "topsecret" not in str(raised.value)


def test_operators_are_read_and_their_hashes_hidden(secrets):
    secrets(f'[operators]\nada = "{HASH}"\n')
    found = operators()
    assert found == {"ada": HASH}
    assert HASH not in f"{found} {found!r}"
    assert "ada" in repr(found)


def test_operators_none_configured(secrets):
    assert operators() == {}


@pytest.mark.parametrize("read", [operators, api_key_hash])
def test_plain_passwords_are_refused_without_quoting_them(secrets, read):
    secrets('[operators]\nada = "plain-password"\n[api]\nkey_hash = "plain-password"\n')
    with pytest.raises(ConfigurationError, match="hash-password") as raised:
        read()
    assert "plain-password" not in str(raised.value)


def test_roles_are_read_and_another_one_is_refused(secrets):
    assert roles() == {}
    secrets('[roles]\nada = "coordinator"\ngrace = "administrator"\n')
    assert roles() == {"ada": "coordinator", "grace": "administrator"}
    secrets('[roles]\nada = "chief"\n')
    with pytest.raises(ConfigurationError, match="ada under"):
        roles()


def test_api_key_hash_is_off_unless_configured(secrets):
    assert api_key_hash() is None
    secrets(f'[api]\nkey_hash = "{HASH}"\n')
    assert api_key_hash() == HASH


def test_console_options_default_and_chosen(secrets):
    assert console_options() == ConsoleOptions()
    secrets("[console]\nidle_minutes = 5\nsecure_cookie = true\nrank_bands = [1, 2, 10]\n")
    assert console_options() == ConsoleOptions(
        idle_minutes=5, secure_cookie=True, rank_bands=(1, 2, 10)
    )


@pytest.mark.parametrize(
    "line",
    [
        "idle_minuets = 5",
        "idle_minutes = 0",
        'idle_minutes = "5"',
        "lockout_attempts = 2.5",
        "lockout_attempts = true",
        "secure_cookie = 1",
        "rank_bands = []",
        "rank_bands = [3, 1]",
        'trusted_proxies = "10.0.0.1"',
        'trusted_proxies = ["proxy.example"]',
        'origins = ["console.example"]',
        'origins = ["https://console.example/"]',
        'origins = ["*"]',
        'log = "xml"',
        "address = 0",
        "idle_minutes = nan",
    ],
)
def test_console_options_unknown_or_out_of_range_are_refused(secrets, line):
    secrets(f"[console]\n{line}\n")
    with pytest.raises(ConfigurationError, match=line.split(" ")[0]):
        console_options()


def test_sections_must_be_sections(secrets):
    secrets('operators = "ada"\n')
    with pytest.raises(AllocatorError, match=r"\[operators\]"):
        operators()
