"""Draws the day of a contact centre by chance: who rings and what he presses, what phones do, what is asked."""

from __future__ import annotations

import random
from typing import Literal

from ingress.intents import model as i
from worker.policy.model import Tenant
from worker.testing.emulator.settings import Phone
from worker.testing.simulation import history as h
from worker.testing.simulation.centre import (
    BLOCKED,
    LOGIN_NUMBER,
    MAIN_NUMBER,
    MENU_NUMBER,
    OUTSIDE,
    PAUSE_KEY,
    PIN,
    RESUME_KEY,
    VIP,
)

#: How long callers ring and things are asked, seconds.
SPAN_SECS = 25.0
#: What phones that we dial do besides answering, and how often.
DOES = ("answer", "answer", "answer", "decline", "busy", "ring", "voicemail", "unknown")
#: What is no call, no agent and no queue of this tenant.
NOBODY = "nobody"


def draw_rings(chance: random.Random, centre: Tenant) -> tuple[h.Ring, ...]:
    """Return some callers, some of whom ring twice, and agents who ring to log in or out."""
    rings = [_ring(chance, number) for number in range(chance.randint(1, 16))]
    rings += [
        h.Ring(round(ring.at_secs + ring.patience_secs + chance.uniform(1, 10), 3), 30.0, 3.0, ring.to, ring.number)
        for ring in rings
        if chance.random() < 0.15 and ring.number not in (BLOCKED, VIP)
    ]
    for agent in centre.agents.values():
        if agent.log_in == "self" and chance.random() < 0.4:
            rings.append(_log_in(chance, agent.extension or "", agent.address))
    return tuple(sorted(rings, key=lambda ring: ring.at_secs))


def _ring(chance: random.Random, number: int) -> h.Ring:
    keys = [
        h.Press(round(chance.uniform(0.5, 15), 3), chance.choice("112233455567890#*"))
        for _ in range(chance.randint(0, 3))
    ]
    mine = f"+1555100{number:04d}"
    return h.Ring(
        round(chance.uniform(1, SPAN_SECS), 3),
        patience_secs=round(chance.choice((chance.uniform(1, 15), chance.uniform(15, 60))), 3),
        talk_secs=round(chance.uniform(2, 20), 3),
        to=chance.choice((MAIN_NUMBER, MAIN_NUMBER, MENU_NUMBER)),
        number=chance.choices((mine, BLOCKED, VIP), (10, 1, 2))[0],
        keys=tuple(sorted(keys, key=lambda press: press.after_secs)),
        leaves_secs=round(chance.uniform(0, 30), 3) if chance.random() < 0.2 else None,
    )


def _log_in(chance: random.Random, extension: str, address: str) -> h.Ring:
    at, pin = chance.uniform(1, SPAN_SECS), PIN if chance.random() < 0.8 else "1111"
    keys = (h.Press(3.0, f"{extension}#"), h.Press(6.0, f"{pin}#"), h.Press(9.0, f"{pin}#"))
    number = address if address.startswith("+") else "+15552000000"
    return h.Ring(round(at, 3), 25.0, 1.0, LOGIN_NUMBER, number, keys)


def draw_phones(chance: random.Random, centre: Tenant) -> dict[str, tuple[Phone, ...]]:
    """Return what the phones of agents, supervisors and outsiders do at the first times when they are dialled."""
    agents = [agent.address for agent in centre.agents.values()]
    supervisors = [supervisor.address for supervisor in centre.supervisors.values()]
    return {address: _moods(chance) for address in (*agents, *supervisors, *OUTSIDE) if chance.random() < 0.5}


def _moods(chance: random.Random) -> tuple[Phone, ...]:
    return tuple(
        Phone(chance.choice(DOES), round(chance.uniform(0.1, 3), 3))  # type: ignore[arg-type]
        for _ in range(chance.randint(1, 4))
    )


def draw_deeds(chance: random.Random, centre: Tenant) -> tuple[h.Deed, ...]:
    """Return what is asked and what agents do, much of it when it has a sense."""
    deeds: list[h.Deed] = []
    for name, agent in centre.agents.items():
        if agent.log_in == "self" and chance.random() < 0.8:
            at = round(chance.uniform(0, SPAN_SECS / 2), 3)
            deeds.append(h.Ask(at, i.SetAgentState(name, "available")))
    for _ in range(chance.choice((0, 8, 20, 40))):
        deed = _deed(chance, centre)
        deeds += [deed, *_after(chance, deed)]
    return tuple(sorted(deeds, key=lambda deed: deed.at_secs))


def _deed(chance: random.Random, centre: Tenant) -> h.Deed:
    at = round(chance.uniform(0, SPAN_SECS * 1.5), 3)
    agents, queues = list(centre.agents), list(centre.queues)
    when = chance.choices(("talks", "rings", ""), (8, 1, 1))[0]
    agent = chance.choice([*agents, NOBODY]) if not when or chance.random() < 0.2 else h.SOMEBODY
    kinds = ("care", "consult", "agent", "queue", "other", "hang-up", "key")
    kind = chance.choices(kinds, (10, 5, 4, 3, 1, 1, 1))[0]
    match kind:
        case "consult":
            whom = i.Target(agent=h.SOMEBODY if chance.random() < 0.8 else chance.choice([*agents, NOBODY]))
            return h.Ask(at, i.Transfer(agent, whom, "warm"), "talks")
        case "care":
            return h.Ask(at, _care(chance, centre, agent), when)  # type: ignore[arg-type]
        case "agent":
            asked, then = _of_agent(chance, chance.choice([*agents, NOBODY]))
            return h.Ask(at, asked, then)
        case "queue":
            return h.Ask(at, _of_queue(chance, centre, chance.choice([*queues, *queues, NOBODY])), "waits")
        case "other":
            return h.Ask(at, _other(chance, agent), when)  # type: ignore[arg-type]
        case "hang-up":
            return h.HangUp(at, agent, when)  # type: ignore[arg-type]
        case _:
            return h.Key(at, h.SOMEBODY, chance.choice((PAUSE_KEY, RESUME_KEY, "9")))


def _after(chance: random.Random, deed: h.Deed) -> list[h.Deed]:
    """Return what is asked soon after *deed*, for what takes several steps."""
    follow: tuple[i.AnyIntent, ...] = ()
    match deed:
        case h.Ask(intent=i.Transfer(agent=agent, to=i.Target(agent=str(colleague)), how="warm")):
            return _consultation(chance, deed.at_secs, agent, colleague)
        case h.Ask(intent=i.Transfer(agent=agent, how="warm")):
            follow = (
                i.CompleteTransfer(agent),
                i.CompleteTransfer(agent),
                i.CancelTransfer(agent),
                i.Hold(agent, on=False),
            )
        case h.Ask(intent=i.AddParty(agent=agent)):
            follow = (i.CompleteTransfer(agent), i.CancelTransfer(agent), i.EndConversation(agent), i.Hold(agent))
        case h.Ask(intent=i.Supervise(agent=agent, supervisor=name)):
            follow = (
                i.Supervise(agent, name, "barge"),
                i.StopSupervising(agent, name),
                i.Transfer(agent, i.Target(number=OUTSIDE[0])),
            )
        case h.Ask(intent=i.Hold(agent=agent)):
            follow = (i.Hold(agent, on=False), i.EndConversation(agent))
        case h.Ask(intent=i.SetAgentState(agent=agent)):
            follow = (i.SetAgentState(agent, "available"),)
        case h.Ask(intent=i.CloseQueue(queue=queue)):
            follow = (i.OpenQueue(queue),)
        case _:
            return []
    return [h.Ask(round(deed.at_secs + chance.uniform(0.1, 8), 3), chance.choice(follow), deed.when)]


def _consultation(chance: random.Random, at_secs: float, agent: str, colleague: str) -> list[h.Deed]:
    """Return what is done with a colleague who is consulted, be it by hanging up, and with the caller whom he gets."""
    first, second = (round(at_secs + chance.uniform(*span), 3) for span in ((0.1, 6), (4, 14)))
    follow: tuple[h.Deed, ...] = (
        h.Ask(first, i.CompleteTransfer(agent), "consults"),
        h.Ask(first, i.CompleteTransfer(agent), "consults"),
        h.Ask(first, i.CompleteTransfer(agent), "consults"),
        h.Ask(first, i.CompleteTransfer(agent), "talks"),
        h.Ask(first, i.CancelTransfer(agent), "consults"),
        h.HangUp(first, agent, "consults"),
        h.HangUp(first, colleague, "talks"),
    )
    then: tuple[h.Deed, ...] = (
        h.Ask(second, i.CompleteTransfer(agent), "consults"),
        h.Ask(second, i.Hold(colleague), "talks"),
        h.Ask(second, i.Transfer(colleague, i.Target(agent=agent), "warm"), "talks"),
        h.Ask(second, i.EndConversation(colleague), "talks"),
        h.HangUp(second, colleague, "talks"),
        h.Ask(second, i.Decline(colleague), "rings"),
    )
    return [chance.choice(follow), chance.choice(then)]


def _target(chance: random.Random, centre: Tenant) -> i.Target:
    return chance.choice(
        (
            i.Target(queue=chance.choice([*centre.queues, NOBODY])),
            i.Target(agent=chance.choice([*centre.agents, NOBODY])),
            i.Target(number=chance.choice(OUTSIDE)),
            i.Target(number=chance.choice(OUTSIDE)),
            i.Target(voicemail=chance.choice(("box", NOBODY))),
            i.Target(),
        )
    )


def _consulted(chance: random.Random, centre: Tenant) -> i.Target:
    """Return whom a warm transfer may be to: a number, or a colleague, who is free or not, or the agent himself."""
    if chance.random() < 0.5:
        return i.Target(number=chance.choice(OUTSIDE))
    return i.Target(agent=chance.choice([*centre.agents, *centre.agents, *centre.agents, NOBODY]))


def _care(chance: random.Random, centre: Tenant, agent: str) -> i.CareIntent:
    on = chance.random() < 0.6
    supervisor = chance.choice([*centre.supervisors, NOBODY])
    how: Literal["cold", "warm"] = chance.choice(("cold", "warm", "warm"))
    target = _consulted(chance, centre) if how == "warm" else _target(chance, centre)
    intents: list[i.CareIntent] = [
        i.Hold(agent, on), i.Mute(agent, on), i.SendDtmf(agent, "12"),
        i.Say(agent, chance.choice(("caller", "agent", "all")), text="One moment."), i.Say(agent), i.Hush(agent),
        i.Collect(agent, "https://sounds.example/ask.mp3", 4), i.Transfer(agent, target, how),
        i.Transfer(agent, target, how), i.Transfer(agent, target, how), i.CompleteTransfer(agent),
        i.CompleteTransfer(agent), i.CancelTransfer(agent), i.AddParty(agent, chance.choice(OUTSIDE)),
        i.PauseRecording(agent, on), i.Record(agent, on), i.EndConversation(agent),
        i.Supervise(agent, supervisor, chance.choice(("monitor", "whisper", "barge"))),
        i.Supervise(agent, supervisor, chance.choice(("monitor", "whisper", "barge"))),
        i.StopSupervising(agent, supervisor),
    ]  # fmt: skip
    return chance.choice(intents)


def _of_agent(chance: random.Random, agent: str) -> tuple[i.AgentIntent, h.When]:
    asked: list[tuple[i.AgentIntent, h.When]] = [
        (i.SetAgentState(agent, chance.choice(("available", "paused", "offline")), "why"), ""),
        (i.SetAgentState(agent, chance.choice(("available", "paused", "offline")), "why"), "talks"),
        (i.SetAgentState(agent, "available"), ""),
        (i.WrapUp(agent, chance.choice((0, 4))), ""),
        (i.Decline(h.SOMEBODY), "rings"),
    ]
    return chance.choice(asked)


def _of_queue(chance: random.Random, centre: Tenant, queue: str) -> i.QueueIntent:
    caller = chance.choice(("waiting", "waiting", f"caller:{chance.randint(0, 5)}", NOBODY))
    intents: list[i.QueueIntent] = [
        i.MoveCaller(queue, caller, _target(chance, centre)),
        i.SetPriority(queue, caller, chance.randint(-5, 50)),
        i.CloseQueue(queue, "enough", send_away=chance.random() < 0.5),
        i.OpenQueue(queue),
        i.CancelCallback(queue, f"caller:{chance.randint(0, 5)}"),
        i.PrepareQueue(queue),
        i.DeleteQueue(queue),
        i.KeepEntry(queue, caller, on=chance.random() < 0.7),
        i.RemoveEntry(queue, f"caller:{chance.randint(0, 5)}"),
    ]
    return chance.choice(intents)


def _other(chance: random.Random, agent: str) -> i.AnyIntent:
    caller = chance.choice((f"caller:{chance.randint(0, 5)}", NOBODY))
    room = chance.choice((f"room:{agent}", NOBODY))
    asked: tuple[i.AnyIntent, ...] = (
        i.EndCall(caller),
        i.UpdateParticipant(room, caller, beep_enabled="never"),
    )
    return chance.choice(asked)
