"""An agent logs in or out by phone: known by his number or his extension, and by his PIN.

The PIN is nowhere but in the webhook that brings it: it is compared upon that very event, and no state has it. Whether
it was right is told to the agent, who counts the wrong ones over all calls, and says what becomes of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingress.envelope import Address
from worker.aggregates.call.saying import ask, hang_up, say
from worker.aggregates.call.state import Call, Course, mark
from worker.commands.client_state import decode_client_state
from worker.decisions.decision import Act, CancelTimer, SetTimer, Tell
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.timers import TimerFired
from worker.policy.model import Tenant
from worker.policy.model.pin import is_pin

TRIES = 3
MOST_DIGITS = 16
#: From the end of the prompt to the first key.
FIRST_KEY_SECS = 10.0
#: The agent's aggregate answers at once; if it cannot, the caller is not kept.
ANSWERED_WITHIN_MS = 15_000


def log_in(call: Call, course: Course, event: Event, policy: Tenant) -> Iterator[Act]:
    """Ask who the caller is, tell his aggregate what he has shown, and say what has become of it."""
    if call.visit.login is not None:
        yield from _say_so(call, course, event, policy)
        return
    by_number = _rings_from(call, policy)
    for number in range(1, TRIES + 1):
        extension, pin = mark(course.hop, "ext", number), mark(course.hop, "pin", number)
        if by_number is None and extension not in call.asked:
            yield from _ask(call, course, number, event, policy, extension)
            return
        if by_number is None and extension not in call.keyed:
            return
        if pin not in call.asked:
            if by_number is None:
                yield from ask(
                    call, event, policy, pin, policy.login.pin, digits=MOST_DIGITS, timeout_secs=FIRST_KEY_SECS
                )
            else:
                yield from _ask(call, course, number, event, policy, pin)
            return
        if pin not in call.keyed:
            return
        if number <= call.visit.attempt:
            continue
        agent = by_number or _of_extension(policy, call.keyed[extension].digits)
        later = mark(course.hop, "wrong", number + 1) in call.asked
        digits = _keyed_now(event, pin)
        if agent is not None and not later and digits:
            entered = n.PhoneLogin(call.id, event.received_ms, is_pin(policy.agents[agent].pin, digits), number)
            yield Tell(Address(call.address.tenant, "agent", agent), entered)
            yield SetTimer(mark(course.hop, "told"), event.received_ms + ANSWERED_WITHIN_MS)
            return
    yield from _end(call, course, event, policy, "refused")


def _ask(call: Call, course: Course, number: int, event: Event, policy: Tenant, asking: str) -> Iterator[Act]:
    """Begin a try; from the second on, after saying that the one before was wrong."""
    correction = mark(course.hop, "wrong", number)
    if number > 1 and not call.heard(correction):
        if correction not in call.asked:
            yield from say(call, event, policy, correction, policy.login.wrong)
        return
    prompt = policy.login.pin if asking == mark(course.hop, "pin", number) else policy.login.extension
    yield from ask(call, event, policy, asking, prompt, digits=MOST_DIGITS, timeout_secs=FIRST_KEY_SECS)


def _say_so(call: Call, course: Course, event: Event, policy: Tenant) -> Iterator[Act]:
    waited = mark(course.hop, "told")
    late = isinstance(event.body, TimerFired) and event.body.key == waited
    begun = mark(course.hop, "thanks") in call.asked
    if call.visit.login == "asked" and not begun and not late:
        return
    if not begun:
        yield CancelTimer(waited)
    yield from _end(call, course, event, policy, call.visit.login or "refused")


def _end(call: Call, course: Course, event: Event, policy: Tenant, what: str) -> Iterator[Act]:
    texts = {"on": policy.login.on, "off": policy.login.off, "locked": policy.login.locked}
    thanks = mark(course.hop, "thanks")
    if thanks not in call.asked:
        yield from say(call, event, policy, thanks, texts.get(what, policy.login.refused))
    elif call.heard(thanks):
        yield from hang_up(call, event)


def _rings_from(call: Call, policy: Tenant) -> str | None:
    """Return the agent who is known by the number that he rings from."""
    return next((name for name, agent in policy.agents.items() if agent.pin and agent.address == call.number), None)


def _of_extension(policy: Tenant, digits: str) -> str | None:
    agents = policy.agents.items()
    return next((name for name, agent in agents if digits and agent.pin and agent.extension == digits), None)


def _keyed_now(event: Event, pin: str) -> str:
    """Return the digits that this event brings for the asking *pin*; "" for any other event."""
    if not isinstance(event.body, w.GatherEnded):
        return ""
    state = decode_client_state(event.body.client_state)
    return event.body.digits or "" if state is not None and state.speech == pin else ""
