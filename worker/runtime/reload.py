"""Brings the policy file of a worker into force: at its start, and again upon SIGHUP or an intent."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping

import anyio
import anyio.to_thread
import structlog
from redis.exceptions import RedisError

from ingress.intents.model import ReloadPolicy
from worker.decisions.decision import Accept, Act, Note, Refuse
from worker.events.policies import PolicyLoaded
from worker.ledger.governing import policy_of
from worker.policy.load import LoadedPolicy, load_policy
from worker.policy.mistakes import PolicyError
from worker.policy.rules import Failure, Rule, Unusable
from worker.runtime.clock import monotonic
from worker.runtime.errors import UnavailableError
from worker.runtime.metrics import Metrics
from worker.runtime.policies import Policies, Standing, needs_restart

log = structlog.get_logger(__name__)

#: What a rule does wrong with every caller is said again after so long.
QUIET_SECS = 60.0
#: So many mistakes of a file are told to who asked for it to be read.
MOST_MISTAKES = 200


class Reloader:
    """The policy file of one worker. *by* names the worker; *loaded* is what it was started with."""

    def __init__(
        self, loaded: LoadedPolicy, policies: Policies, by: str, rules: Mapping[str, Rule | Unusable] | None = None
    ) -> None:
        self._started = self._latest = loaded
        self._policies = policies
        self._by = by
        #: Those that this process decides with: what has been installed since takes a restart.
        self._rules = rules

    async def start(self) -> None:
        """Bring the file that the worker was started with, or has read again since.

        Raises:
            RedisError, OSError: Redis failed.
        """
        _say(await self._policies.bring(self._latest, self._by, again=False), self._latest)

    async def reload(self) -> None:
        """Read the file again and bring it, even if it was in force before. A bad one changes nothing, and is told."""
        try:
            loaded = await self._read()
        except PolicyError as refused:
            _say_refusal(refused)
            return
        try:
            _say(await self._policies.bring(loaded, self._by, again=True), loaded)
        except (RedisError, OSError) as exc:
            log.error("policy.not-loaded", path=loaded.path, error=str(exc), hint="send SIGHUP again")

    async def asked(self, intent: ReloadPolicy, by: str) -> tuple[Act, ...]:
        """Do as `reload` because *by* has asked for it, and return what is to be journaled of it.

        It is done before that is in the journal. Whoever takes over in between does it again, which changes nothing
        then: the policy is in force already.

        Raises:
            UnavailableError: Redis failed.
        """
        try:
            loaded = await self._read(intent.digest)
        except PolicyError as refused:
            _say_refusal(refused)
            return (Refuse(_told(refused)),)
        try:
            standing = await self._policies.bring(loaded, f"{by}, by intent, at {self._by}", again=True)
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the policy could not be brought into force: {exc}") from exc
        _say(standing, loaded)
        return (Note("policy", standing.force.digest, str(standing.force.number)), Accept())

    async def _read(self, digest: str | None = None) -> LoadedPolicy:
        """Read the file again, beside what is being decided: a large one takes seconds.

        Raises:
            PolicyError: It has a mistake, takes a restart, or is not the one of this *digest*.
        """
        path = self._started.path
        loaded = await anyio.to_thread.run_sync(load_policy, path, self._rules)
        if digest is not None and loaded.digest != digest:
            raise PolicyError(path, [f"the file at {self._by} has the digest {loaded.digest}, not the one asked for"])
        restart = needs_restart(self._started.policy, loaded.policy)
        if restart:
            raise PolicyError(path, [f"{told}: that takes a restart of all processes" for told in restart])
        say_warnings(loaded)
        self._latest = loaded
        return loaded

    async def listen(self, also: Callable[[], None] = lambda: None) -> None:
        """Reload upon each SIGHUP, and do what is *also* to be done then."""
        with anyio.open_signal_receiver(signal.SIGHUP) as received:
            async for _ in received:
                also()
                await self.reload()


class RuleFailures:
    """Says what own rules did wrong: in *metrics* each time, in the log once a while."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._said: dict[Failure, float] = {}

    def tell(self, failure: Failure) -> None:
        """Say one failure."""
        self._metrics.rule_failures.labels(failure.rule).inc()
        now = monotonic()
        if now < self._said.get(failure, 0.0) + QUIET_SECS:
            return
        # Reasons may hold a caller's number, so there is no end to them.
        self._said = {each: at for each, at in self._said.items() if now < at + QUIET_SECS}
        self._said[failure] = now
        log.error("rule.failed", rule=failure.rule, reason=failure.reason, instead="what the policy file says")


def say_warnings(loaded: LoadedPolicy) -> None:
    """Log what is probably not meant in a policy file."""
    for warning in loaded.warnings:
        log.warning("policy.warning", text=warning)


def _say_refusal(refused: PolicyError) -> None:
    for mistake in str(refused).splitlines():
        log.error("policy.refused", mistake=mistake)


def _told(refused: PolicyError) -> str:
    """Return all mistakes, a line each, as far as anybody would read them."""
    lines = str(refused).splitlines()
    more = [f"and {len(lines) - MOST_MISTAKES} more"] if len(lines) > MOST_MISTAKES else []
    return "\n".join([*lines[:MOST_MISTAKES], *more])


def _say_lacking(force: PolicyLoaded, loaded: LoadedPolicy) -> None:
    """Log what this process has read from its older file, and has to be as the policy in force has it."""
    policy = policy_of(force.text)
    for told in needs_restart(loaded.policy, policy) if policy else ():
        hint = "update the file and restart: what is to be sent for that tenant fails, or goes out as the old file says"
        log.error("policy.behind", path=loaded.path, by_the_policy_in_force=told, hint=hint)


def _say(standing: Standing, loaded: LoadedPolicy) -> None:
    force = standing.force
    match standing.result:
        case "loaded":
            log.info("policy.loaded", path=loaded.path, number=force.number, digest=force.digest)
        case "same":
            log.info("policy.same", path=loaded.path, number=force.number, digest=force.digest)
        case "superseded":
            _say_lacking(force, loaded)
            log.warning(
                "policy.superseded", path=loaded.path, digest=loaded.digest, number=force.number,
                in_force=force.digest, by=force.by,
                hint="the file is older than the policy in force; SIGHUP or `switchhook policy load` puts it in force",
            )  # fmt: skip
