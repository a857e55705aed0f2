"""Tokens: read from their file, told apart by their secrets, and each mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingress.errors import ConfigError
from ingress.intents import model as m
from ingress.intents.scopes import needed_by, refusal
from ingress.intents.tokens import Tokens, read_tokens

MISPLACED = "0123456789abcdef0123456789abcdef"
SECRET = "a-secret-that-is-long-enough"
ENVIRONMENT = {
    "TWO": "the-old-secret-of-it\nthe-new-secret-of-it",
    "ALICE": SECRET,
    "BOSS": "another-secret-as-long",
    "SHORT": "tiny-one",
}
ALICE = '[alice]\nscopes = ["agent"]\nagents = ["alice"]\nsecret = { env = "ALICE" }\n'
BOSS = '[boss]\nscopes = ["supervisor"]\nsecret = { env = "BOSS" }\n'


def read(folder: Path, text: str) -> Tokens:
    path = folder / "tokens.toml"
    path.write_text(text)
    return read_tokens(str(path), {"default"}, ENVIRONMENT)


def test_a_token_is_known_by_its_secret_and_shows_none(tmp_path: Path) -> None:
    tokens = read(tmp_path, ALICE + BOSS)
    alice = tokens.of(SECRET)
    assert alice is not None
    assert (alice.name, alice.tenant, alice.agents) == ("alice", "default", frozenset({"alice"}))
    assert tokens.of("nobody's") is None
    assert tokens.of("") is None
    assert SECRET not in repr(alice)
    assert repr(alice.digest) not in repr(alice)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    tokens = read(tmp_path, f'[boss]\nscopes = ["operator"]\nsecret = {{ file = "{tmp_path}/secret" }}\n')
    assert tokens.of(SECRET) is not None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("alice", "tokens.toml:1: this is not TOML: a key needs"),
        ('[a]\nscopes = ["agent"]\n', "tokens.toml:1: a.secret is missing"),
        (ALICE.replace("agents", "agent"), "tokens.toml:3: alice.agent is not a key: did you mean agents?"),
        (
            ALICE.replace('"agent"]', '"admin"]'),
            "tokens.toml:2: alice.scopes[0] is 'admin': it is one of agent, operator, supervisor",
        ),
        (ALICE.replace('{ env = "ALICE" }', f'"{MISPLACED}"'), "tokens.toml:4: alice.secret is written into the file"),
        (
            ALICE + BOSS.replace("boss]", "boss]\nnope = 1").replace('"supervisor"', '"operater"'),
            "did you mean operator?",
        ),
        (ALICE + BOSS.replace("BOSS", "SHORT"), "tokens.toml:5: boss.secret is shorter than 16"),
        (ALICE.replace('agents = ["alice"]\n', ""), "is about nobody"),
        (ALICE.replace('scopes = ["agent"]', "scopes = []"), "scopes is empty"),
        (BOSS + 'agents = ["x"]\n', "agents are named"),
        (BOSS + 'tenant = "elsewhere"\n', "there is no tenant 'elsewhere'; there are default"),
        (BOSS.replace("BOSS", "SHORT"), "shorter than 16"),
        (BOSS.replace("BOSS", "UNSET"), "UNSET is not set"),
        (BOSS.replace("BOSS", "TWO"), "holds more than a secret"),
        (BOSS.replace("BOSS", MISPLACED), "looks like the secret itself, and is not repeated"),
        (BOSS.replace('env = "BOSS"', f'file = "{MISPLACED}"'), "looks like the secret itself, and is not repeated"),
        (BOSS.replace('env = "BOSS"', 'file = "a\\u0000b"'), "cannot be read"),
        (BOSS + "x = " + "9" * 5000, "a number is too long"),
        (BOSS + "x = " + "[" * 5000 + "]" * 5000, "too deep"),
        (BOSS.replace('env = "BOSS"', ""), "one of them"),
        (ALICE + BOSS.replace("BOSS", "ALICE"), "boss and alice have the same secret"),
        (BOSS.replace("[boss]", '["the boss"]'), "a token's name is of letters"),
    ],
)
def test_a_mistake_is_named_and_no_secret_is_repeated(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, text)
    assert told in str(raised.value)
    assert "tokens.toml" in str(raised.value)
    assert all(secret not in str(raised.value) for secret in (MISPLACED, *ENVIRONMENT.values()))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_tokens(str(tmp_path / "none.toml"), {"default"}, {})


def test_an_agents_token_asks_for_that_agent_and_nothing_of_others(tmp_path: Path) -> None:
    tokens = read(tmp_path, ALICE + BOSS)
    alice, boss = tokens.of(SECRET), tokens.of("another-secret-as-long")
    assert alice is not None
    assert boss is not None
    assert refusal(alice, m.Hold("alice")) is None
    assert refusal(alice, m.Hold("bob")) == "hold: bob is not one of this token's agents"
    assert "needs the scope supervisor" in (refusal(alice, m.Supervise("alice", "eve")) or "")
    assert refusal(boss, m.Hold("bob")) is None
    assert refusal(boss, m.Supervise("alice", "eve")) is None
    for operators in (m.UpdateParticipant("c", "p"), m.DeleteQueue("q"), m.RemoveEntry("q", "c")):
        assert "needs the scope operator" in (refusal(boss, operators) or "")


def test_every_intent_has_somebody_who_may_ask_it() -> None:
    for kind in m.AnyIntent.__args__:
        assert needed_by(kind), kind
