"""Brings the policy file of a worker into force: at its start, and again upon SIGHUP."""

from __future__ import annotations

import signal
from collections.abc import Callable

import anyio
import structlog
from redis.exceptions import RedisError

from worker.policy.installed import installed_rules
from worker.policy.load import LoadedPolicy, load_policy
from worker.policy.mistakes import PolicyError
from worker.policy.rules import Failure
from worker.runtime.clock import monotonic
from worker.runtime.metrics import Metrics
from worker.runtime.policies import Policies, Standing, needs_restart

log = structlog.get_logger(__name__)

#: What a rule does wrong with every caller is said again after so long.
QUIET_SECS = 60.0


class Reloader:
    """The policy file of one worker. *by* names the worker; *loaded* is what it was started with."""

    def __init__(self, loaded: LoadedPolicy, policies: Policies, by: str) -> None:
        self._started = loaded
        self._policies = policies
        self._by = by

    async def start(self) -> None:
        """Bring the file that the worker was started with.

        Raises:
            RedisError, OSError: Redis failed.
        """
        _say(await self._policies.bring(self._started, self._by, again=False), self._started)

    async def reload(self) -> None:
        """Read the file again and bring it, even if it was in force before. A bad one changes nothing, and is told."""
        try:
            loaded = load_policy(self._started.path, installed_rules())
        except PolicyError as refused:
            for mistake in str(refused).splitlines():
                log.error("policy.refused", mistake=mistake)
            return
        restart = needs_restart(self._started.policy, loaded.policy)
        if restart:
            for told in restart:
                log.error("policy.refused", mistake=f"{loaded.path}: {told}: that takes a restart of all processes")
            return
        say_warnings(loaded)
        try:
            _say(await self._policies.bring(loaded, self._by, again=True), loaded)
        except (RedisError, OSError) as exc:
            log.error("policy.not-loaded", path=loaded.path, error=str(exc), hint="send SIGHUP again")

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


def _say(standing: Standing, loaded: LoadedPolicy) -> None:
    force = standing.force
    match standing.result:
        case "loaded":
            log.info("policy.loaded", path=loaded.path, number=force.number, digest=force.digest)
        case "same":
            log.info("policy.same", path=loaded.path, number=force.number, digest=force.digest)
        case "superseded":
            log.warning(
                "policy.superseded", path=loaded.path, digest=loaded.digest, number=force.number,
                in_force=force.digest, by=force.by,
                hint="the file is older than the policy in force; SIGHUP or `switchhook policy load` puts it in force",
            )  # fmt: skip
