"""Reads the policy file. A mistake refuses it whole, with its file, line, key and value, and what is allowed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ingress.toml.mistakes import Mistake, refusal
from ingress.toml.reading import TomlError, read_toml
from worker.policy.checks import mistakes_in, warnings_of
from worker.policy.mistakes import PolicyError
from worker.policy.model import Policy
from worker.policy.rules import Rule, Unusable
from worker.policy.shape import mistakes_of, without_blanks
from worker.policy.usable import rest_of


class LoadedPolicy(msgspec.Struct, frozen=True):
    """A policy with where it came from. `digest` is the SHA-256 of the file's text."""

    policy: Policy
    digest: str
    path: str
    warnings: tuple[str, ...]
    #: The file's text.
    text: str = ""


def load_policy(path: str | Path, rules: Mapping[str, Rule | Unusable] | None = None) -> LoadedPolicy:
    """Read the policy file at *path*. It may name the own *rules*; None: it is not looked whether they are there.

    Raises:
        PolicyError: The file cannot be read, or has a mistake.
    """
    try:
        # Some editors begin UTF-8 with a mark of the order of bytes.
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise PolicyError(str(path), [f"the policy cannot be read: {reason}"]) from None
    return parse_policy(text, str(path), rules)


def parse_policy(text: str, path: str, rules: Mapping[str, Rule | Unusable] | None = None) -> LoadedPolicy:
    """Read a policy from its *text*; *path* is for messages. For *rules* see `load_policy`.

    Raises:
        PolicyError: The text has a mistake.
    """
    document = _document(text, path)
    mistakes = mistakes_of(document)
    if mistakes:
        rest = rest_of(document, mistakes)
        more = mistakes_in(rest.policy, rules) if rest is not None else ()
        raise _refusal(path, text, [*mistakes, *(one for one in more if rest is None or rest.is_certain(one))])
    policy = msgspec.convert(without_blanks(document), Policy)
    mistakes = list(mistakes_in(policy, rules))
    if mistakes:
        raise _refusal(path, text, mistakes)
    return LoadedPolicy(policy, digest_of(text), path, tuple(warnings_of(policy)), text)


def read_policy(text: str, path: str) -> Policy:
    """Return the policy that *text* is, whatever its parts say of each other.

    Raises:
        PolicyError: It is not TOML, or not of the policy's form.
    """
    document = _document(text, path)
    mistakes = mistakes_of(document)
    if mistakes:
        raise _refusal(path, text, mistakes)
    return msgspec.convert(without_blanks(document), Policy)


def digest_of(text: str) -> str:
    """Return what names a policy: the SHA-256 of its text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _document(text: str, path: str) -> dict[str, object]:
    try:
        return read_toml(text)
    except TomlError as exc:
        raise PolicyError(path, [str(exc)], [exc.line]) from None


def _refusal(path: str, text: str, mistakes: list[Mistake]) -> PolicyError:
    told = refusal(path, text, mistakes)
    return PolicyError(path, list(told.mistakes), list(told.lines))
