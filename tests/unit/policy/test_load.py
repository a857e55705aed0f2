"""A mistake in the policy is refused with its key, its value and what is allowed; secrets are never said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingress.errors import ConfigError
from worker.policy import load
from worker.policy.load import load_policy, parse_policy
from worker.policy.mistakes import PolicyError
from worker.policy.model import Secret
from worker.policy.secrets import read_secret

GOOD = """
[tenants.default]
connection_id = "1"
caller_id = "+13125550100"
api_key = { env = "A" }
public_keys = [{ env = "B" }]
[tenants.default.numbers."+13125550131"]
queue = "support"
[tenants.default.queues.support]
[tenants.default.agents.alice]
address = "sip:alice@sip.telnyx.com"
queues = ["support"]
"""


def refusal(text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "policy.toml")
    return str(caught.value)


def test_a_good_policy_is_read_and_named_by_its_text() -> None:
    loaded = parse_policy(GOOD, "policy.toml")
    assert loaded.policy.tenants["default"].queues["support"].max_wait_secs == 900
    assert loaded.digest != parse_policy(GOOD + "\n", "policy.toml").digest
    assert loaded.warnings == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("connection_id", "connection_ids", "tenants.default.connection_ids is not a key: did you mean connection_id?"),
        ('caller_id = "+13125550100"\n', "", "tenants.default.caller_id is missing"),
        ('"+13125550100"', '"5550100"', "tenants.default.caller_id is '5550100'"),
        ("[tenants.default.queues.support]", "[tenants.default.queues.support]\nmax_wait_secs = 'long'",
         "tenants.default.queues.support.max_wait_secs is 'long', not seconds above 0 up to 14400"),
        ("[tenants.default.queues.support]", "[tenants.default.queues.support]\nrecording.format = 'ogg'",
         "tenants.default.queues.support.recording.format is 'ogg': it is one of mp3, wav"),
        ('queue = "support"', 'queue = "sales"', "numbers.\"+13125550131\".queue is 'sales': there is no such queue"),
        ('queues = ["support"]', 'queues = ["sales"]', "agents.alice.queues[0] is 'sales': there is no such queue"),
        ('"+13125550131"', '"5550131"', "numbers.5550131: a name here is a number in E.164 form"),
        ("sip:alice@sip.telnyx.com", "alice", "tenants.default.agents.alice.address is 'alice'"),
        ('{ env = "A" }', '{ env = "A", file = "B" }', "tenants.default.api_key needs exactly one of"),
        ("tenants.default", "tenants.De_fault", "tenants.De_fault: a name here is of small letters"),
        ("[tenants.default]", "[tenants.default", "this is not TOML"),
        (GOOD, "tenants.default = 5", "tenants.default is 5, not a table with agents, api_base,"),
        (GOOD, "", "tenants is missing"),
        ("[tenants.default.queues.support]", "[tenants.default.queues.support]\nmax_wait_secs = -1",
         "support.max_wait_secs is -1, not seconds above 0 up to 14400"),
        ("sip:alice@sip.telnyx.com", "alice",
         "address is 'alice', not a number in E.164 form, or a SIP URI such as"),
        ('queue = "support"', 'queue = "support"\ngreting = "x"',
         'numbers."+13125550131".greting is not a key: did you mean greeting? allowed here: closed, greeting, hours'),
        ('queue = "support"', 'queue = "support"\ngreeting = ""',
         "numbers.\"+13125550131\".greeting is '', not 1 to 3000 characters"),
        ("[tenants.default.queues.support]", "[tenants.default.queues.support]\nmax_wait = 5",
         "tenants.default.queues.support.max_wait is not a key: did you mean max_wait_secs?"),
        ("[tenants.default.queues.support]", "[tenants.default.queues.support]\nmax_attempts = 2.5",
         "support.max_attempts is 2.5, not a whole number from 1 to 20"),
        ("[tenants.default.queues.support]", "[tenants.default.queues.support]\nstrategy = 'longest'",
         "support.strategy is 'longest': did you mean longest-idle? it is one of fewest-calls, "),
        ("[tenants.default.queues.support]", "[tenants.default.queues.support]\nrecording = 'all'",
         "tenants.default.queues.support.recording is 'all', not a table with announce, channels, format,"),
        ("[tenants.default.queues.support]", "[tenants.default.queues.support]\nrecording.chanels = 'dual'",
         "support.recording.chanels is not a key: did you mean channels? allowed here: announce, channels, format"),
        ("[tenants.default.queues.support]", '[tenants.default.queues.support]\n[tenants.default.queues.""]',
         'tenants.default.queues."": a name here is 1 to 255 characters'),
        ('queues = ["support"]', "queues = []",
         "tenants.default.agents.alice.queues is an empty list, not a list of at least one queue"),
        ('queues = ["support"]', 'queues = ["support"]\nring_secs = 1',
         "alice.ring_secs is 1, not whole seconds from 5 to 600"),
        ('queues = ["support"]', 'queues = ["support"]\nwrap_up_secs = 20000',
         "alice.wrap_up_secs is 20000, not seconds from 0 to 14400"),
        ('[{ env = "B" }]', "[]", "tenants.default.public_keys is not what it must be: a list of at least one"),
        ('[{ env = "B" }]', '[{ env = "B" }, {}]', "tenants.default.public_keys needs exactly one of"),
        ('{ env = "A" }', "{}", "tenants.default.api_key needs exactly one of"),
        ('{ env = "A" }', '{ env = "no name" }', "tenants.default.api_key.env is not the name of an environment"),
        ('connection_id = "1"', "connection_id = 1", "tenants.default.connection_id is 1, not 1 to 255 characters"),
        ('connection_id = "1"', 'connection_id = "1"\napi_base = "ftp://x"',
         "tenants.default.api_base is 'ftp://x', not an address with http:// or https://"),
        ('connection_id = "1"', 'connection_id = "1"\nvoice.pitch = 1',
         "tenants.default.voice.pitch is not a key: allowed here: language, voice"),
        (GOOD, "tenants = 5",
         "tenants is 5, not at least one table [tenants.NAME]"),
        (GOOD, "tenant = 5\n" + GOOD, "tenant is not a key: did you mean tenants? allowed here: tenants"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_key_and_what_is_allowed(old: str, new: str, said: str) -> None:
    assert old in GOOD
    assert said in refusal(GOOD.replace(old, new))


def test_mistakes_of_form_and_of_meaning_are_said_at_once() -> None:
    text = (
        GOOD.replace("sip:alice@sip.telnyx.com", "alice")
        .replace('queue = "support"', 'queue = "sales"\nhours = "office"\ngreting = "x"')
    )  # fmt: skip
    text += '\n[tenants.default.hours.summer]\nzone = "Europe/Berlim"\nweek = { mon = ["09:00-17:00"] }\n'
    told = refusal(text).splitlines()
    assert len(told) == 5
    assert all(re.match(r"policy\.toml:\d+: ", line) for line in told)
    for said in (
        "greting is not a key",
        "address is 'alice'",
        "'sales': there is no such queue",
        "'office': there is no such table of hours",
        "'Europe/Berlim': there is no such time zone",
    ):
        assert any(said in line for line in told), said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[tenants.default.queues.support]", "[tenants.default.queues.support]\nmax_wait_secs = 'long'"),
        ('{ env = "A" }', "5"),
        ('[{ env = "B" }]', "[]"),
        ('"+13125550131"', '"5550131"'),
        ("sip:alice@sip.telnyx.com", "alice"),
    ],
)
def test_a_mistake_of_form_brings_no_second_that_is_none(old: str, new: str) -> None:
    assert len(refusal(GOOD.replace(old, new)).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a]\n[b]\n[a]\n", "policy.toml:3: this is not TOML: a stands twice"),
        ('[a."+1"]\n[a."+1"]\n', 'policy.toml:2: this is not TOML: a."+1" stands twice'),
        ("x = 1\nx = 2\n", "policy.toml:2: this is not TOML: a key stands twice in the same table, at column 6"),
        ("\nx 1\n", 'policy.toml:2: this is not TOML: a key needs "=" and a value after it, at column 3'),
        ("\nx = [1, 2\n", 'policy.toml:2: this is not TOML: a list needs "]" at its end'),
        ("\nx = yes\n", "policy.toml:2: this is not TOML: the value is missing, or a text without quotation marks"),
        ("[a\n", 'policy.toml:1: this is not TOML: the name of a table ends with "]", at column 3'),
    ],
)
def test_what_is_no_toml_is_said_for_people_with_its_line(text: str, said: str) -> None:
    assert refusal(text).startswith(said)


def test_all_mistakes_are_said_at_once() -> None:
    told = refusal(
        GOOD.replace('queue = "support"', 'queue = "sales"').replace('queues = ["support"]', 'queues = ["x"]')
    )
    assert told.count("there is no such queue") == 2


def test_two_agents_with_one_address_are_refused() -> None:
    more = '[tenants.default.agents.bob]\naddress = "sip:alice@sip.telnyx.com"\nqueues = ["support"]\n'
    assert "which is alice's too" in refusal(GOOD + more)


def test_a_secret_in_the_file_is_refused_and_not_repeated() -> None:
    told = refusal(GOOD.replace('{ env = "A" }', '"KEY0123"'))
    assert "tenants.default.api_key is written into the file" in told
    assert "KEY0123" not in told


@pytest.mark.parametrize(
    "misplaced",
    [
        '{ env = ["KEY0123"] }',
        '{ value = "KEY0123" }',
        '["KEY0123"]',
        '{ env = "KEY0123456789ABCDEF0123456789ABCD_x" }',
        '{ file = "KEY0123456789ABCDEF0123456789ABCD_x" }',
        '{ evn = "KEY0123" }',
        '"KEY0123"\napi_keys = "KEY0123"',
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(misplaced: str) -> None:
    told = refusal(GOOD.replace('{ env = "A" }', misplaced))
    assert "tenants.default.api_key" in told
    assert "KEY0123" not in told


@pytest.mark.parametrize("written", ['"KEY0123"', '["KEY0123"]', '[{ env = "B" }, "KEY0123"]'])
def test_a_public_key_in_the_file_is_refused_and_not_repeated(written: str) -> None:
    told = refusal(GOOD.replace('[{ env = "B" }]', written))
    assert "tenants.default.public_keys is written into the file" in told
    assert "KEY0123" not in told


@pytest.mark.parametrize("address", ["https://user:hidden@api.example", "user:hidden@api.example"])
def test_a_password_in_the_address_of_the_api_is_refused_and_not_repeated(address: str) -> None:
    told = refusal(GOOD.replace('connection_id = "1"', f'connection_id = "1"\napi_base = "{address}"'))
    assert "tenants.default.api_base has a user" in told
    assert "hidden" not in told


def test_every_mistake_stands_in_a_line_of_its_own_that_begins_with_the_file() -> None:
    more = '[tenants.other]\nconnection_id = 1\ncaller_id = "5"\napi_key = {}\npublic_keys = [{ env = "B" }]\n'
    with pytest.raises(PolicyError) as caught:
        parse_policy(GOOD.replace("[tenants.default.queues.support]", "[tenants.default.queues.support]\nx = 1") + more,
                     "policy.toml")  # fmt: skip
    assert caught.value.path == "policy.toml"
    told = zip(caught.value.lines, caught.value.mistakes, strict=True)
    assert str(caught.value).splitlines() == [f"policy.toml:{line}: {mistake}" for line, mistake in told]
    assert [
        (line, mistake.split(" is ")[0])
        for line, mistake in zip(caught.value.lines, caught.value.mistakes, strict=True)
    ] == [
        (10, "tenants.default.queues.support.x"),
        (15, "tenants.other.connection_id"),
        (16, "tenants.other.caller_id"),
    ]


def test_the_example_that_is_shipped_has_no_mistake() -> None:
    loaded = load_policy(Path(load.__file__).with_name("example.toml"))
    assert loaded.warnings == ()
    assert set(loaded.policy.tenants["default"].agents) == {"alice", "bob", "carol"}


@pytest.mark.parametrize("name", ["office", "centre"])
def test_the_larger_examples_have_no_mistake(name: str) -> None:
    path = Path(load.__file__).parents[2] / "examples" / "policies" / f"{name}.toml"
    assert load_policy(path).warnings == ()


def test_a_queue_that_nobody_serves_is_warned_of() -> None:
    loaded = parse_policy(GOOD + "[tenants.default.queues.sales]\n", "policy.toml")
    assert loaded.warnings == ("tenants.default.queues.sales: no agent serves this queue",)


def test_a_policy_that_cannot_be_read_is_said_to(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "nowhere.toml")
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(PolicyError, match="it is not UTF-8 text"):
        load_policy(tmp_path / "latin.toml")


def test_a_secret_comes_from_where_the_policy_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("KEYfile\n")
    monkeypatch.setenv("THE_KEY", "KEYenv")
    assert read_secret(Secret(file=str(tmp_path / "key")), "here") == "KEYfile"
    assert read_secret(Secret(env="THE_KEY"), "here") == "KEYenv"
    with pytest.raises(ConfigError, match="here: the environment variable NOT_SET is not set"):
        read_secret(Secret(env="NOT_SET"), "here")
    monkeypatch.setenv("BLANK", "  ")
    with pytest.raises(ConfigError, match="here: the environment variable BLANK is not set"):
        read_secret(Secret(env="BLANK"), "here")
    with pytest.raises(ConfigError, match=r"here: the file .*nowhere cannot be read: No such file"):
        read_secret(Secret(file=str(tmp_path / "nowhere")), "here")
    (tmp_path / "key").write_bytes(b"\xff\xfeKEY")
    with pytest.raises(ConfigError, match="cannot be read: it is not text"):
        read_secret(Secret(file=str(tmp_path / "key")), "here")
    (tmp_path / "key").write_text("KEYone\nKEYtwo\n")
    with pytest.raises(ConfigError, match="holds more than a secret") as caught:
        read_secret(Secret(file=str(tmp_path / "key")), "here")
    assert "KEYone" not in str(caught.value)
    (tmp_path / "key").write_text("")
    with pytest.raises(ConfigError, match="is empty"):
        read_secret(Secret(file=str(tmp_path / "key")), "here")
