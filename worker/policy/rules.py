"""Own rules in Python: what they are given, what they return, and how an error in one is contained.

A rule is a pure function: the same arguments give the same answer, and it does no I/O, looks at no clock and draws no
chance (an agent or a caller can be hashed instead). It is marked by `strategy`, `entry_rule` or `recording_rule`,
registered as an entry point of the group `switchhook.policies`, and named by the key `rule` in the policy file. One
that raises, or returns what it must not, changes nothing: what the file says without it is done, and `Failure` is
told to who listens.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec

from worker.policy.model import Goal, Key, Sound, Tenant

#: The group of entry points that rules are found by.
GROUP = "switchhook.policies"


class FreeAgent(msgspec.Struct, frozen=True):
    """An agent who can be offered the caller: he is free, in a tier that is asked by now, and has the skills."""

    name: str
    #: How long he has been idle.
    idle_ms: int
    tier: int
    position: int
    #: Conversations since he was enrolled, and how long they took.
    calls: int
    talk_ms: int
    skills: Mapping[str, int]


class WaitingCaller(msgspec.Struct, frozen=True):
    """The caller whose turn it is."""

    #: Telnyx's call_control_id.
    call: str
    #: In E.164 form; "" for one who shows none.
    number: str
    queue: str
    waited_ms: int
    priority: int
    #: Connections that failed.
    attempts: int


class Arriving(msgspec.Struct, frozen=True):
    """Somebody who rings a number."""

    #: In E.164 form; "" for one who shows none.
    number: str
    dialled: str
    #: When he rang (Unix ms).
    at_ms: int
    #: Whether the number's opening hours are now.
    open: bool


class Conversation(msgspec.Struct, frozen=True):
    """A conversation that begins."""

    #: Telnyx's call_control_id of the caller's leg.
    call: str
    queue: str
    agent: str
    #: When they were connected (Unix ms).
    at_ms: int


class Choose(Protocol):
    """Puts the free agents in the order in which they are to be offered the caller.

    Whom it leaves out is not offered him; nobody at all: he waits on, until something changes.
    """

    def __call__(self, caller: WaitingCaller, free: tuple[FreeAgent, ...], /) -> Iterable[str]:
        """Return names of *free*, none twice."""


class Enter(Protocol):
    """Says where somebody goes who rings a number, before the `rules` of the file are looked at."""

    def __call__(self, caller: Arriving, /) -> Goal | None:
        """Return the goal; `CallerRule(block=True)` refuses the call. None: as the file says."""


class Record(Protocol):
    """Says whether a conversation is recorded."""

    def __call__(self, conversation: Conversation, /) -> bool:
        """Return whether it is."""


@dataclass(frozen=True)
class Strategy:
    """A rule of who is offered a caller; see `strategy`."""

    function: Choose

    def __call__(self, caller: WaitingCaller, free: tuple[FreeAgent, ...]) -> Iterable[str]:
        """Ask the function."""
        return self.function(caller, free)


@dataclass(frozen=True)
class EntryRule:
    """A rule of where a caller goes; see `entry_rule`."""

    function: Enter

    def __call__(self, caller: Arriving) -> Goal | None:
        """Ask the function."""
        return self.function(caller)


@dataclass(frozen=True)
class RecordingRule:
    """A rule of what is recorded; see `recording_rule`."""

    function: Record

    def __call__(self, conversation: Conversation) -> bool:
        """Ask the function."""
        return self.function(conversation)


Rule = Strategy | EntryRule | RecordingRule
K = TypeVar("K", Strategy, EntryRule, RecordingRule)
T = TypeVar("T")
#: What each kind is called.
KINDS: Mapping[type[Rule], str] = {
    Strategy: "a strategy",
    EntryRule: "an entry rule",
    RecordingRule: "a recording rule",
}


def strategy(function: Choose) -> Strategy:
    """Mark *function* as a queue's strategy."""
    return Strategy(function)


def entry_rule(function: Enter) -> EntryRule:
    """Mark *function* as a number's entry rule."""
    return EntryRule(function)


def recording_rule(function: Record) -> RecordingRule:
    """Mark *function* as a queue's recording rule."""
    return RecordingRule(function)


class Unusable(msgspec.Struct, frozen=True):
    """What an installed package offers as a rule and is none; `reason` is a sentence."""

    reason: str


class Failure(msgspec.Struct, frozen=True):
    """That a rule raised, or returned what it must not; `reason` is a sentence."""

    rule: str
    reason: str


@dataclass
class _Known:
    """The rules of this process, and who is told of failures. Set at its start, as its code is."""

    rules: Mapping[str, Rule]
    told: Callable[[Failure], None]
    #: Within what it returns for a rule's name, the rule is asked: it raises in one that takes too long.
    within: Callable[[str], AbstractContextManager[object]]


_known = _Known({}, lambda _: None, nullcontext)


def use_rules(
    rules: Mapping[str, Rule | Unusable],
    told: Callable[[Failure], None] | None = None,
    within: Callable[[str], AbstractContextManager[object]] | None = None,
) -> None:
    """Let the process decide with *rules*, by name, and have *told* called upon each failure of one.

    A rule is asked *within* what that returns for its name, which may raise in it: so it can have a limit of time.
    """
    _known.rules = {name: rule for name, rule in rules.items() if not isinstance(rule, Unusable)}
    if told is not None:
        _known.told = told
    _known.within = within or nullcontext


def preferred(rule: str, caller: WaitingCaller, free: tuple[FreeAgent, ...]) -> tuple[str, ...] | None:
    """Return whom of *free* the strategy *rule* wants offered the caller, the first choice first.

    None: there is no such rule, or it failed; the queue's `strategy` decides.
    """
    return _ask(rule, Strategy, lambda chooses: right_names(chooses(caller, free), free))


def goal_by(rule: str, caller: Arriving, tenant: Tenant) -> Goal | None:
    """Return where the entry rule *rule* sends the caller; None: where the file says without it."""
    return _ask(rule, EntryRule, lambda enters: right_goal(enters(caller), tenant))


def recorded_by(rule: str, conversation: Conversation) -> bool | None:
    """Return whether the recording rule *rule* wants the conversation recorded; None: as `record` says."""
    return _ask(rule, RecordingRule, lambda records: right_word(records(conversation)))


class WrongAnswerError(Exception):
    """Raised when a rule returned what it must not; the text is a sentence that begins with "it"."""


def right_names(names: Iterable[str], free: tuple[FreeAgent, ...]) -> tuple[str, ...]:
    """Return what a strategy may return.

    Raises:
        WrongAnswerError: Somebody is not free, or named twice.
    """
    # One more than there can be, for a generator may have no end.
    given = tuple(itertools.islice(names, len(free) + 1))
    known = {agent.name for agent in free}
    wrong = next((name for name in given if name not in known), None)
    if wrong is not None:
        raise WrongAnswerError(f"it named {wrong!r}, who is not among the free agents")
    if len(set(given)) < len(given):
        raise WrongAnswerError("it named somebody twice")
    return given


def right_goal(goal: object, tenant: Tenant | None) -> Goal | None:
    """Return what an entry rule may return; without a *tenant* it is not looked whether the policy has it.

    Raises:
        WrongAnswerError: It is no goal, or the policy does not have it.
    """
    if goal is None:
        return None
    if not isinstance(goal, Goal) or isinstance(goal, Key):
        raise WrongAnswerError(f"it returned {goal!r}, which is neither a Goal nor None")
    try:
        # Python does not check what a policy file must keep to, and what the journal has to hold.
        msgspec.convert(msgspec.to_builtins(goal), type(goal))
    except (msgspec.ValidationError, TypeError) as exc:
        raise WrongAnswerError(f"it returned a goal that no policy file could have: {exc}") from None
    said = goal.say if isinstance(goal.say, Sound) else None
    if said is not None and sum(one is not None for one in (said.text, said.audio, said.media)) != 1:
        raise WrongAnswerError("it returned a goal whose `say` is not exactly one of text, audio and media")
    for kind, name, known in (
        ("queue", goal.queue, tenant.queues if tenant else None),
        ("menu", goal.menu, tenant.menus if tenant else None),
        ("voicemail", goal.voicemail, tenant.voicemails if tenant else None),
    ):
        if name is not None and known is not None and name not in known:
            raise WrongAnswerError(f"it sent the caller to the {kind} {name!r}, which the policy does not have")
    if sum(way is not None for way in (goal.queue, goal.menu, goal.voicemail, goal.number, goal.login or None)) > 1:
        raise WrongAnswerError("it sent the caller to more than one goal")
    return goal


def right_word(wanted: object) -> bool:
    """Return what a recording rule may return.

    Raises:
        WrongAnswerError: It is neither True nor False: whoever wrote the rule may not have used types.
    """
    if not isinstance(wanted, bool):
        raise WrongAnswerError(f"it returned {wanted!r}, which is neither True nor False")
    return wanted


def _ask(rule: str, kind: type[K], ask: Callable[[K], T]) -> T | None:
    found = _known.rules.get(rule)
    if not isinstance(found, kind):
        told = "it is not installed here" if found is None else f"it is {KINDS[type(found)]}, not {KINDS[kind]}"
        _known.told(Failure(rule, told))
        return None
    try:
        with _known.within(rule):
            return ask(found)
    except WrongAnswerError as exc:
        _known.told(Failure(rule, str(exc)))
    except (Exception, SystemExit) as exc:  # noqa: BLE001
        # Code that is not ours can fail in any way, and may call sys.exit; the contact centre must go on.
        _known.told(Failure(rule, f"it raised {type(exc).__name__}: {exc}"))
    return None
