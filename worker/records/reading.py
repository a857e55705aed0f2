"""What an event, and what was decided upon it, says of callers: facts, each with what it is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from ingress.envelope import Address
from ingress.intents import model as i
from worker.aggregates.agent.state import Agent
from worker.aggregates.call.state import Call
from worker.aggregates.conference.state import Conference
from worker.aggregates.machine import AggregateState
from worker.commands import command as c
from worker.commands.client_state import decode_client_state
from worker.decisions.decision import Accept, Act, GoTo, Note, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.outcomes import Outcome, Succeeded
from worker.policy.model import Goal, Policy
from worker.records import facts as f


class Key(NamedTuple):
    """What a fact is about: a leg or an offer of a tenant."""

    tenant: str
    kind: Literal["leg", "offer"]
    id: str


class Same(msgspec.Struct, frozen=True):
    """That a leg, or an offer, is another leg's caller's."""

    whose: str


Said = tuple[Key, f.AnyFact | Same]


def said(
    before: AggregateState, after: AggregateState, event: Event, acts: tuple[Act, ...], policy: Policy | None = None
) -> Iterator[Said]:
    """Yield what is said by an event, by what was decided upon it, and by what the aggregate was and is by it.

    *policy* is the one that ruled then.
    """
    match event.address.kind:
        case "call":
            yield from _of_leg(before, after, event, acts, policy)
        case "queue":
            yield from _heard_by_queue(event)
            yield from _of_queue(event, acts)
        case "conference":
            yield from _of_conference(before, after, event, acts)
        case "agent":
            yield from _of_agent(before, after, event)


def goal_of(goal: Goal | None) -> tuple[str, str]:
    """Return the kind and the name of where a goal leads."""
    if goal is None:
        return "end", ""
    for kind, name in (
        ("queue", goal.queue),
        ("menu", goal.menu),
        ("voicemail", goal.voicemail),
        ("number", goal.number),
    ):
        if name is not None:
            return kind, name
    return ("login", "") if goal.login else ("end", "")


def _of_leg(
    before: AggregateState, after: AggregateState, event: Event, acts: tuple[Act, ...], policy: Policy | None
) -> Iterator[Said]:
    leg, now_ms = event.address.id, event.received_ms
    key = _leg(event, leg)
    match event.body:
        case w.CallInitiated() | w.CallAnswered() | w.CallHangup():
            yield from _whose(event, event.body.client_state)
        case _:
            pass
    match event.body:
        case w.CallInitiated(direction=direction) as body if direction == "incoming":
            yield key, f.Rang(event.occurred_ms, leg, body.from_ or "", body.to or "")
        case w.CallAnswered():
            yield key, f.Answered(event.occurred_ms, leg)
        case w.CallHangup() as body:
            yield key, f.Ended(event.occurred_ms, leg, body.hangup_cause or "", body.hangup_source or "")
        case n.Told(notice=n.InQueue() as found):
            yield key, f.Rang(found.at_ms, leg, found.number, found.dialled)
        case n.Told(notice=n.Move(goal=goal)):
            yield key, f.Led(now_ms, *goal_of(goal), "")
        case _:
            pass
    if isinstance(before, Call) and isinstance(after, Call):
        if after.over and not before.over and after.ended is None:
            yield key, f.Vanished(now_ms, leg)
        for message in after.messages:
            if message not in before.messages:
                recorded = f.Recorded(
                    now_ms, message.recording_id, message.started_at, message.ended_at, "", "", message.box
                )
                yield key, recorded
    for act in acts:
        match act:
            case GoTo(goal=goal, key=pressed):
                yield key, f.Led(now_ms, *goal_of(goal), pressed)
            case Tell(to=to, notice=n.CallerWaiting() as waiting):
                since_ms = waiting.arrived_ms if waiting.since_ms is None else waiting.since_ms
                agent, threshold_ms = waiting.agent or "", threshold_of(policy, to)
                yield key, f.Waiting(waiting.arrived_ms, to.id, since_ms, waiting.priority, agent, threshold_ms)
            case Tell(to=to, notice=n.CallerGone(moved=True)):
                yield key, f.WentOn(now_ms, to.id)
            case Send(command=c.Hangup() | c.Reject()):
                yield key, f.HungUp(now_ms, leg)
            case _:
                pass


def threshold_of(policy: Policy | None, queue: Address) -> int | None:
    """Return a queue's threshold of the service level (ms); None where the policy does not know the queue."""
    tenant = policy.tenants.get(queue.tenant) if policy else None
    rules = tenant.queues.get(queue.id) if tenant else None
    return round(rules.service_level_secs * 1000) if rules else None


def _whose(event: Event, client_state: str | None) -> Iterator[Said]:
    """Learn that a leg was dialled for somebody who is called back."""
    state = decode_client_state(client_state)
    if state is None or state.owner is None or not (state.purpose or "").startswith("callback:"):
        return
    caller = (state.purpose or "").partition(":")[2].partition(":")[2]
    yield _leg(event, event.address.id), Same(caller)
    yield (
        _leg(event, caller),
        f.CalledBack(event.occurred_ms, event.address.id, state.owner.partition(":")[2]),
    )


def _heard_by_queue(event: Event) -> Iterator[Said]:
    now_ms = event.received_ms
    match event.body:
        case n.Told(notice=n.OfferAccepted(offer=offer)):
            yield _offer(event, offer), f.OfferMoved(now_ms, offer, "accepted", "")
        case n.Told(notice=n.OfferDeclined(offer=offer, reason=reason)):
            yield _offer(event, offer), f.OfferMoved(now_ms, offer, "declined", reason)
        case n.Told(notice=n.AgentGone(offer=str(offer))):
            yield _offer(event, offer), f.OfferMoved(now_ms, offer, "broken", "")
        case n.Told(notice=n.JoinFailed(offer=offer, reason=why)):
            yield _offer(event, offer), f.OfferMoved(now_ms, offer, "failed", why)
        case n.Told(sender=sender, notice=n.CallerLeft(offer=offer, call=call)) if sender.kind == "agent":
            yield _leg(event, call), f.Cared(now_ms, sender.id, "hung-up", offer)
        case n.Told(notice=n.CallerWaiting(call=call, number=number, arrived_ms=arrived_ms)) if number:
            # Of one whose ringing the log does not have.
            yield _leg(event, call), f.Rang(arrived_ms, call, number, "")
        case _:
            pass


def _of_queue(event: Event, acts: tuple[Act, ...]) -> Iterator[Said]:
    queue, now_ms = event.address.id, event.received_ms
    for act in acts:
        match act:
            case Tell(to=to, notice=n.OfferMade(offer=offer, call=call)):
                yield _offer(event, offer), Same(call)
                yield _leg(event, call), f.Offered(now_ms, offer, queue, to.id)
            case Tell(notice=n.OfferWithdrawn(offer=offer, reason=why)):
                yield _offer(event, offer), f.OfferMoved(now_ms, offer, "withdrawn", why)
            case Tell(to=to, notice=n.GoOn(reason=why, goal=goal)):
                yield _leg(event, to.id), f.SentOn(now_ms, queue, why, goal is not None)
                if goal is not None and why != "callback":
                    yield _leg(event, to.id), f.Led(now_ms, *goal_of(goal), _key_of(event) if why == "key" else "")
            case SetTimer(key=key) if key.startswith("max-wait:"):
                yield _leg(event, key.partition(":")[2]), f.Admitted(now_ms, queue)
            case Note(what="abandoned" | "short-abandoned" as what, of=call, value=waited_ms):
                yield _leg(event, call), f.Lapsed(now_ms, queue, what, int(waited_ms))
            case Note(what="given-up", of=call):
                yield _leg(event, call), f.Lapsed(now_ms, queue, "given-up", 0)
            case Send(command=c.Hangup(call=leg)):
                yield _leg(event, leg), f.HungUp(now_ms, leg)
            case _:
                pass


def _key_of(event: Event) -> str:
    """Return the key that a waiting caller has pressed by an event."""
    match event.body:
        case n.Told(notice=n.KeyPressed(digit=digit)):
            return digit
        case _:
            return ""


def _of_conference(
    before: AggregateState, after: AggregateState, event: Event, acts: tuple[Act, ...]
) -> Iterator[Said]:
    now_ms = event.received_ms
    match event.body:
        case Outcome(command=c.Hold(call=leg), result=Succeeded()):
            yield _leg(event, leg), f.Held(now_ms, on=True)
        case Outcome(command=c.Unhold(call=leg), result=Succeeded()):
            yield _leg(event, leg), f.Held(now_ms, on=False)
        case _:
            pass
    if isinstance(before, Conference) and isinstance(after, Conference):
        for saved in after.saved:
            if saved not in before.saved and saved.call:
                yield (
                    _leg(event, saved.call),
                    f.Recorded(
                        now_ms, saved.recording_id, saved.started_at, saved.ended_at, saved.queue, saved.agent, ""
                    ),
                )
        talk = before.talk or after.talk
        asked = event.body.notice if isinstance(event.body, n.Told) else None
        if talk is not None and isinstance(asked, n.Care) and _is_done(acts):
            yield _leg(event, talk.call), f.Cared(now_ms, asked.intent.agent, *_deed(asked.intent))
        if talk is not None and isinstance(asked, n.ConsultDeclined):
            yield _leg(event, talk.call), f.Cared(now_ms, asked.agent, "decline-consult", asked.reason)
    for act in acts:
        match act:
            case Tell(to=to, notice=n.Connected() as connected) if to.kind == "queue":
                together = f.Connected(connected.at_ms, connected.offer, connected.call, now_ms)
                yield _leg(event, connected.call), together
            case Tell(to=to, notice=n.HandedOn() as handed):
                yield _offer(event, handed.to), Same(handed.call)
                yield _leg(event, handed.call), f.HandedOn(now_ms, handed.to, to.id, handed.agent)
            case Tell(notice=n.CallerLeft() as left):
                yield _leg(event, left.call), f.Parted(left.at_ms, left.offer)
            case _:
                pass


def _is_done(acts: tuple[Act, ...]) -> bool:
    """Whether a conference does what it is asked; of a consultation the colleague says whether he comes."""
    return any(isinstance(act, Accept) or _asks_colleague(act) for act in acts)


def _asks_colleague(act: Act) -> bool:
    return isinstance(act, Tell) and isinstance(act.notice, n.ConsultAsked)


def _deed(intent: i.CareIntent) -> tuple[str, str]:
    """Return what an intent does, and to whom; of what is heard and keyed nothing is kept: it may be confidential."""
    name = str(intent.__struct_config__.tag).replace("_", "-")
    match intent:
        case i.Transfer(to=to, how=how):
            kind, target = next(
                (kind, name)
                for kind, name in (
                    ("queue", to.queue),
                    ("agent", to.agent),
                    ("number", to.number),
                    ("voicemail", to.voicemail),
                )
                if name is not None
            )
            return ("consult" if how == "warm" else name), f"{kind}:{target}"
        case i.AddParty(number=number):
            return name, number
        case i.Supervise(supervisor=who, role=role):
            return name, f"{who}:{role}"
        case i.StopSupervising(supervisor=who):
            return name, who
        case i.Hold(on=on) | i.Mute(on=on) | i.PauseRecording(on=on) | i.Record(on=on):
            return name, "on" if on else "off"
        case _:
            return name, ""


def _of_agent(before: AggregateState, after: AggregateState, event: Event) -> Iterator[Said]:
    if not isinstance(before, Agent) or not isinstance(after, Agent) or before.duty == after.duty:
        return
    if after.duty == "wrapping-up" and before.offer is not None:
        yield _offer(event, before.offer.id), f.Wrapped(event.received_ms, before.offer.id, began=True)
    if before.duty == "wrapping-up" and before.past_offers:
        offer = before.past_offers[-1]
        yield _offer(event, offer), f.Wrapped(event.received_ms, offer, began=False)


def _leg(event: Event, leg: str) -> Key:
    return Key(event.address.tenant, "leg", leg)


def _offer(event: Event, offer: str) -> Key:
    return Key(event.address.tenant, "offer", offer)
