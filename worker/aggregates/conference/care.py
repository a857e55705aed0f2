"""What is asked of a conversation: whether it can be done, what it changes, and what is done for it at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from msgspec.structs import replace

from ingress.envelope import Address
from ingress.intents import model as i
from worker.aggregates.conference import colleagues, parties
from worker.aggregates.conference.handover import hand_over
from worker.aggregates.conference.state import Asking, Conference, PartyKind, Talk
from worker.commands import command as c
from worker.decisions.decision import Accept, Act, CancelTimer, Refuse, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.events.timers import TimerFired
from worker.policy.model import Goal, Tenant

#: A caller who was told to go elsewhere is looked for after so long.
MOVES_WITHIN_MS = 30_000
#: So many are dialled into one conversation at most.
MAX_PARTIES = 10
REMEMBERED_ASKS = 64


def ask(conference: Conference, care: n.Care) -> Conference:
    """Look at what is asked, once."""
    if care.ask in conference.asks:
        return conference
    asks = (*conference.asks, care.ask)[-REMEMBERED_ASKS:]
    return replace(conference, asking=Asking(care.ask, care.intent), asks=asks)


def answer(conference: Conference, policy: Tenant) -> Act | None:
    """Return yes or no to what is asked, if anything is; a colleague who is to be consulted says that himself."""
    asking = conference.asking
    if asking is None:
        return None
    reason = _objection(conference, asking.intent, policy)
    if (
        reason is None
        and isinstance(asking.intent, i.Transfer)
        and asking.intent.how == "warm"
        and asking.intent.to.agent
    ):
        return colleagues.ask(conference, asking.ask, asking.intent.to.agent)
    return Accept(asking.ask) if reason is None else Refuse(reason, asking.ask)


def undertake(conference: Conference) -> Conference:
    """Return the conference after its yes: what should be so from now on."""
    talk = conference.talk
    if conference.asking is None or talk is None:
        return conference
    match conference.asking.intent:
        case i.Hold(on=on):
            return _with(conference, replace(talk, held=on))
        case i.Mute(on=on):
            return _with(conference, replace(talk, muted=on))
        case i.Say() | i.Collect():
            return _with(conference, replace(talk, sounded=True))
        case i.PauseRecording(on=on):
            return _with(conference, replace(talk, paused=on))
        case i.Record(on=on):
            return replace(_with(conference, replace(talk, record=on, paused=False)), unrecorded=None)
        case i.Transfer(how="warm", to=to):
            conference = _with(conference, replace(talk, held=True))
            kind: PartyKind = "consult" if to.agent is None else "colleague"
            return parties.ask_in(conference, kind, to.agent or to.number or "")
        case i.Transfer() | i.EndConversation():
            return _with(conference, replace(talk, moving=True))
        case i.AddParty(number=number):
            return parties.ask_in(conference, "third", number)
        case i.CompleteTransfer():
            colleague = colleagues.present(conference)
            return hand_over(conference) if colleague is None else colleagues.hand_to(conference, colleague)
        case i.CancelTransfer():
            for party in parties.outsiders(conference):
                conference = parties.dismiss(conference, party)
            return conference
        case i.Supervise(supervisor=name, role=role):
            known = parties.supervisor(conference, name)
            if known is None:
                return parties.ask_in(conference, "supervisor", name, role)
            return replace(conference, parties={**conference.parties, known.purpose: replace(known, role=role)})
        case i.StopSupervising(supervisor=name):
            known = parties.supervisor(conference, name)
            return parties.dismiss(conference, known) if known else conference
        case i.SendDtmf() | i.Hush():
            return conference
        case _:
            assert_never(conference.asking.intent)


def at_once(conference: Conference, event: Event, policy: Tenant) -> Iterator[Act]:
    """Yield what is done for the intent by itself, whatever should be so; *conference* has undertaken it."""
    asking, talk = conference.asking, conference.talk
    if asking is None or talk is None:
        return
    room, caller = conference.id, talk.call
    match asking.intent:
        case i.SendDtmf(digits=digits):
            yield Send(c.ConferenceDtmf(room, (caller,), digits))
        case i.Say(to=to, text=str(text)):
            voice = policy.voice
            yield Send(c.ConferenceSpeak(room, _hearers(conference, to), text, voice.voice, voice.language))
        case i.Say(to=to, audio=audio):
            yield Send(c.ConferencePlay(room, _hearers(conference, to), audio or ""))
        case i.Hush():
            yield Send(c.ConferenceStop(room, _hearers(conference, "all")))
        case i.Collect(audio=audio, max_digits=most):
            yield Send(c.ConferenceGather(room, caller, audio, most, asking.ask[:100]))
        case i.Transfer(how="warm", to=i.Target(agent=str())):
            yield from colleagues.wait(conference, event)
        case i.CompleteTransfer():
            yield from colleagues.tell_handed(conference, event)
        case i.Transfer(how="cold", to=to):
            yield Tell(_call(conference, caller), n.Move(_goal(talk, to, policy), to.agent))
            yield SetTimer("move", event.received_ms + MOVES_WITHIN_MS)
        case i.EndConversation():
            yield Tell(_call(conference, caller), n.Move(Goal()))
            yield SetTimer("move", event.received_ms + MOVES_WITHIN_MS)
        case _:
            return


def moved(conference: Conference, event: Event) -> Conference:
    """A caller who should have gone elsewhere by now, and is here, is the agent's again."""
    if not isinstance(event.body, TimerFired) or event.body.key != "move" or conference.talk is None:
        return conference
    return _with(conference, replace(conference.talk, moving=False))


def look_for_moved(conference: Conference, event: Event) -> Iterator[Act]:
    """See whether a caller who was told to go elsewhere is still here: the word of it may be lost."""
    if isinstance(event.body, TimerFired) and event.body.key == "move" and conference.talk is not None:
        yield Send(c.ReadParticipants(conference.id))


def begin(conference: Conference, call: str) -> Conference:
    """Caller and agent are together: a conversation of its own, whatever the one before was like."""
    caller = conference.expected[call]
    if conference.talk is not None and conference.talk.offer == caller.offer:
        return conference
    return _with(conference, Talk(call, caller.offer, caller.queue))


def end(conference: Conference, call: str) -> Conference:
    """The caller has left: nothing of the conversation is left for the next one."""
    return replace(conference, talk=None) if conference.talk and conference.talk.call == call else conference


def farewell(conference: Conference, call: str) -> Iterator[Act]:
    """Yield what is done when the conversation with *call* is over, before the next one can begin."""
    talk = conference.talk
    if talk is None or talk.call != call:
        return
    if talk.moving:
        yield CancelTimer("move")
    if talk.sounded and conference.inside(conference.agent_leg):
        yield Send(c.ConferenceStop(conference.id, (conference.agent_leg or "",)))


def _objection(conference: Conference, intent: i.CareIntent, policy: Tenant) -> str | None:
    """Return why *intent* cannot be done now, as a sentence; None: it can."""
    talk = conference.talk if conference.agent in (None, intent.agent) else None
    ends = isinstance(intent, i.EndConversation)
    # An agent who was rung for this caller ends it by hanging up.
    there = conference.inside(talk.call) if ends and talk else conference.caller is not None
    if talk is None or not there:
        return f"{intent.agent} does not talk with a caller."
    if talk.moving:
        return "The caller is being sent elsewhere, or the conversation ended."
    match intent:
        case i.Say(text=text, audio=audio) if (text is None) == (audio is None):
            return "Say exactly one of a text and the address of an audio file."
        case i.PauseRecording() if conference.recording not in ("starting", "on"):
            return "Nothing is being recorded."
        case i.Transfer():
            return _no_transfer(conference, talk, intent, policy)
        case i.CompleteTransfer() if not any(parties.inside(conference, x) for x in parties.outsiders(conference)):
            return "No third party is in the conversation."
        case i.CancelTransfer() if not parties.outsiders(conference):
            return "Nobody has been asked in."
        case i.AddParty() | i.Supervise() if len(conference.parties) >= MAX_PARTIES:
            return f"There are {MAX_PARTIES} others in the conversation already."
        case i.Supervise(supervisor=name):
            return _no_supervision(talk, name, policy)
        case i.StopSupervising(supervisor=name) if parties.supervisor(conference, name) is None:
            return f"{name} does not supervise the conversation."
        case _:
            return None


def _no_transfer(conference: Conference, talk: Talk, intent: i.Transfer, policy: Tenant) -> str | None:
    to = intent.to
    ways = [way for way in (to.queue, to.agent, to.number, to.voicemail) if way is not None]
    if len(ways) != 1:
        return "Name exactly one of a queue, an agent, a number and a voicemail."
    if intent.how == "warm" and to.number is None and to.agent is None:
        return "A warm transfer is to a number or an agent; to a queue or a voicemail it is cold."
    if intent.how == "warm" and parties.outsiders(conference):
        return "Somebody has been asked in already: complete or cancel that first."
    if to.queue is not None and to.queue not in policy.queues:
        return f"There is no queue {to.queue}."
    if to.voicemail is not None and to.voicemail not in policy.voicemails:
        return f"There is no voicemail {to.voicemail}."
    if to.agent is not None and to.agent == conference.agent:
        return f"{to.agent} has the caller."
    if to.agent is not None and intent.how == "warm":
        return _no_consultation(conference, to.agent, policy)
    if to.agent is not None and _queue_of(talk, to.agent, policy) is None:
        return f"There is no agent {to.agent}."
    return None


def _no_consultation(conference: Conference, colleague: str, policy: Tenant) -> str | None:
    if colleague not in policy.agents:
        return f"There is no agent {colleague}."
    here = [*conference.partings, *(each for each in conference.parties.values() if each.kind == colleagues.KIND)]
    return "The last colleague is still on the way out: ask again in a moment." if here else None


def _no_supervision(talk: Talk, name: str, policy: Tenant) -> str | None:
    supervisor = policy.supervisors.get(name)
    if supervisor is None:
        return f"There is no supervisor {name}."
    if supervisor.queues and talk.queue not in supervisor.queues:
        return f"{name} may not supervise callers of {talk.queue}."
    return None


def _goal(talk: Talk, to: i.Target, policy: Tenant) -> Goal:
    queue = to.queue if to.agent is None else _queue_of(talk, to.agent, policy)
    return Goal(queue=queue, number=to.number, voicemail=to.voicemail)


def _queue_of(talk: Talk, agent: str, policy: Tenant) -> str | None:
    """Return the queue in which a caller waits for *agent*: the one that he came from, if the agent serves it."""
    rules = policy.agents.get(agent)
    served = [queue for queue in rules.serves if queue in policy.queues] if rules else []
    return talk.queue if talk.queue in served else next(iter(served), None)


def _hearers(conference: Conference, to: str) -> tuple[str, ...]:
    """Return whose legs are meant. Never nobody: Telnyx takes that for everybody."""
    caller, agent = conference.talk.call if conference.talk else "", conference.agent_leg or ""
    if to != "all":
        return (caller if to == "caller" else agent,)
    others = (each.leg or "" for each in parties.outsiders(conference) if conference.inside(each.leg))
    return (caller, agent, *others)


def _call(conference: Conference, call: str) -> Address:
    return Address(conference.address.tenant, "call", call)


def _with(conference: Conference, talk: Talk) -> Conference:
    return replace(conference, talk=talk)
