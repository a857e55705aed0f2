"""What the ingress says of tokens that fit its policy badly."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingress.access import Access
from ingress.settings import IngressSettings
from tests.signing import Signer

POLICY = """
[tenants.default]
public_keys = [{ env = "TELNYX_PUBLIC_KEY" }]
[tenants.default.agents.alice]
address = "sip:alice@sip.telnyx.com"
"""
TOKENS = """
[alice]
scopes = ["agent"]
agents = ["alice", "allice"]
secret = { env = "ALICE" }
"""


def test_a_token_for_an_agent_who_is_not_in_the_policy_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", Signer().public_key)
    monkeypatch.setenv("ALICE", "a-secret-that-is-long-enough")
    (tmp_path / "policy.toml").write_text(POLICY)
    (tmp_path / "tokens.toml").write_text(TOKENS)
    policy, tokens = str(tmp_path / "policy.toml"), str(tmp_path / "tokens.toml")
    with capture_logs() as said:
        Access(IngressSettings(redis_url="", policy=policy, tokens=tokens))
    assert [(one["event"], one["token"], one["agent"]) for one in said] == [("token.agent_unknown", "alice", "allice")]
    with capture_logs() as said:
        Access(IngressSettings(redis_url="", public_key=Signer().public_key, tokens=tokens))
    assert said == []
