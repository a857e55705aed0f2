"""The agent's leg: dialled, answered, ended, hung up."""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.agent import duty
from worker.aggregates.agent.state import RESTING, Agent, Miss, Offered
from worker.events import notices as n
from worker.events.outcomes import Refused, Succeeded, Unknown

#: So many ended legs are remembered; what Telnyx says late comes within minutes.
REMEMBERED_LEGS = 16
#: Telnyx has accepted, or refused, so often to hang up a leg, and tells of no end: it is no more, or out of our reach.
MAX_HANGUPS = 5
#: What a leg that ended unanswered says of him who was rung (Telnyx's hangup_cause).
UNANSWERED: dict[str, Miss] = {
    "call_rejected": "rejected",
    "user_busy": "line-busy",
    "timeout": "no-answer",
    "no_answer": "no-answer",
    "originator_cancel": "no-answer",
    "normal_clearing": "rejected",
}
#: A leg that ends with this was hung up by somebody; with any other it was lost.
HUNG_UP = "normal_clearing"


def dialled(agent: Agent, purpose: str, result: Succeeded | Refused | Unknown, now_ms: int) -> Agent:
    """The command to dial has ended."""
    if purpose != agent.purpose:
        # Given up meanwhile: nobody waits for that phone.
        known = {agent.leg, agent.closing, *agent.ended_legs, *agent.strays, *agent.unhung}
        late = result.call if isinstance(result, Succeeded) else None
        return replace(agent, strays=(*agent.strays, late)) if late and late not in known else agent
    if agent.line != "dialling":
        return agent
    match result:
        case Succeeded(call=str(leg)) if leg in agent.ended_legs:
            return _lost(agent, "the leg ended at once", "unreachable", now_ms)
        case Succeeded(call=leg):
            return replace(agent, line="ringing", leg=leg)
        case Refused(detail=detail):
            return _lost(agent, f"Telnyx did not dial: {detail}", "unreachable", now_ms)
        case Unknown():
            # It may ring all the same: then the leg tells us; else the ring timer ends the wait.
            return replace(agent, line="ringing")


def answered(agent: Agent, notice: n.LegAnswered) -> Agent:
    """A leg was answered: it is the agent's line, or one too many."""
    leg, purpose = notice.call, notice.purpose
    if leg in agent.ended_legs or leg == agent.closing or (leg == agent.leg and agent.line == "up"):
        return agent
    if not (_is_line(agent, leg, purpose) or _may_be_line(agent, purpose)):
        return agent if leg in agent.strays else replace(agent, strays=(*agent.strays, leg))
    return replace(
        agent, leg=leg, line="up", room="none", conference=None, leaving=None, trouble="", leg_since_ms=notice.at_ms,
        line_old=False, in_vain=0,
    )  # fmt: skip


def ended(agent: Agent, notice: n.LegEnded, now_ms: int) -> Agent:
    """A leg has ended, and told why."""
    leg = notice.call
    agent = _is_over(agent, leg)
    if leg in agent.ended_legs:
        return agent
    agent = _remember(agent, leg)
    if leg == agent.closing:
        return replace(agent, closing=None, line="down")
    if not _is_line(agent, leg, notice.purpose):
        return agent
    return _ended(agent, notice.cause, was_up=notice.answered or agent.line == "up", now_ms=now_ms)


def gone(agent: Agent, leg: str, now_ms: int) -> Agent:
    """A command was refused because the leg is no more."""
    if leg in agent.ended_legs or leg != agent.leg:
        return agent
    return _ended(_remember(agent, leg), "gone", was_up=agent.line == "up", now_ms=now_ms)


def screened(agent: Agent, notice: n.MachineDetected, now_ms: int) -> Agent:
    """It is known who has answered one who was rung."""
    if not _is_line(agent, notice.call, notice.purpose):
        return agent
    offer = _rung_for(agent)
    if notice.machine and offer is not None and offer.step == "made":
        return duty.missed(agent, "machine", now_ms)
    return passed(agent)


def passed(agent: Agent) -> Agent:
    """Whoever has answered is taken for a person."""
    return replace(agent, screened=True, room="none" if agent.room == "screening" else agent.room)


def rang_out(agent: Agent, now_ms: int) -> Agent:
    """The ringing should be over, and nothing was heard of it."""
    if agent.line not in ("dialling", "ringing"):
        return agent
    if agent.leg is not None:
        agent = replace(_remember(agent, agent.leg), strays=(*agent.strays, agent.leg))
    return _lost(agent, "nobody answered", "no-answer", now_ms)


def hung_up(agent: Agent, leg: str, result: Succeeded | Refused | Unknown) -> Agent:
    """The command to hang up has ended; until the leg is known to be no more, it is given again."""
    gone = isinstance(result, Refused) and result.disposition == "gone"
    if gone or (isinstance(result, Succeeded) and result.already is not None):
        agent = _is_over(agent, leg)
    if gone or isinstance(result, Succeeded):
        # Accepted is not done: without word of the end, a phone would stay off its hook for hours.
        agent = _remember(agent, leg)
    # A refused account can hang nobody up; when it is let in again, it can.
    told = isinstance(result, Succeeded) or (isinstance(result, Refused) and result.disposition != "stop")
    if told and leg not in agent.over_legs:
        done = agent.hangups.get(leg, 0) + 1
        agent = replace(agent, hangups={**agent.hangups, leg: done})
        if done >= MAX_HANGUPS:
            agent = _is_over(agent, leg)
    if leg not in agent.over_legs and leg not in agent.unhung:
        agent = replace(agent, unhung=(*agent.unhung, leg))
    return replace(agent, closing=None, line="down") if leg == agent.closing else agent


def hang_up_again(agent: Agent) -> Agent:
    """Give the commands to hang up again of which nobody knows what became."""
    return replace(agent, unhung=(), strays=(*agent.strays, *agent.unhung))


def let_go(agent: Agent) -> Agent:
    """Hang up a leg that nothing wants any more, and dial none that waits to be."""
    if _is_wanted(agent):
        return agent
    if agent.line in ("ringing", "up") and agent.leg is not None:
        return replace(agent, line="closing", closing=agent.leg, strays=(*agent.strays, agent.leg), leg=None,
                       leg_offer=None, room="none", conference=None, introduce=False)  # fmt: skip
    if agent.line in ("ringing", "lost", "resting", "phoned"):
        return replace(agent, line="down", leg=None, leg_offer=None)
    return agent


def _is_wanted(agent: Agent) -> bool:
    if agent.leg_offer is not None:
        return agent.offer is not None and agent.offer.id == agent.leg_offer
    if agent.duty in ("reserved", "busy"):
        return agent.reach == "nailed-up" or agent.line == "up"
    if agent.reach == "on-demand" and agent.line in ("phoned", "resting"):
        # He rings us, and is rung when his phone is free again.
        return agent.standing != "offline"
    return agent.reach == "nailed-up" and (agent.standing != "offline" or agent.duty not in RESTING)


def _is_line(agent: Agent, leg: str, purpose: str) -> bool:
    """Whether this is the leg that is up, rings, or is being dialled and not yet known by its id."""
    if agent.leg is not None:
        return leg == agent.leg
    return agent.line in ("dialling", "ringing") and purpose == agent.purpose


def _may_be_line(agent: Agent, purpose: str) -> bool:
    """Whether a leg of an earlier dialling may be the line of one who is nailed-up."""
    wanted = agent.reach == "nailed-up" and agent.standing != "offline" and agent.offer is None
    return wanted and not purpose.startswith("offer") and agent.line not in ("up", "closing")


def _rung_for(agent: Agent) -> Offered | None:
    """Return the offer for which the leg was dialled, if it is still open."""
    return agent.offer if agent.offer is not None and agent.offer.id == agent.leg_offer else None


def _ended(agent: Agent, cause: str, *, was_up: bool, now_ms: int) -> Agent:
    if agent.duty == "busy" and cause == HUNG_UP and _rung_for(agent) is not None:
        # Who is rung for each caller ends the conversation by hanging up.
        agent = duty.wrap_up(replace(agent, hung_up=agent.offer), now_ms)
    how: Miss = "rejected" if was_up else UNANSWERED.get(cause, "unreachable")
    return _lost(agent, f"the leg ended ({cause})", how, now_ms)


def _lost(agent: Agent, trouble: str, how: Miss, now_ms: int) -> Agent:
    """There is no leg: whatever was on it is broken, and one who is nailed-up is offline until he is reached again."""
    nailed_up, offer = agent.leg_offer is None, _rung_for(agent)
    if nailed_up and agent.line != "up":
        agent = replace(agent, in_vain=agent.in_vain + 1)
    agent = replace(agent, line="lost" if nailed_up else "down", leg=None, leg_offer=None, room="none", conference=None,
                    introduce=False, trouble=trouble, line_old=False, room_old=False)  # fmt: skip
    if nailed_up and agent.reach == "nailed-up":
        agent = replace(duty.broke(agent), delay=None, untimed=False, wrapping=None)
        return duty.become(agent, "offline")
    if nailed_up and agent.offer is not None and agent.offer.step != "made":
        # He is on demand since this conversation began.
        return duty.left_alone(duty.broke(agent), how, now_ms)
    if offer is None:
        return agent
    if offer.step == "made":
        return duty.missed(agent, how, now_ms)
    if offer.consults:
        # He has talked with his colleague, or could have.
        return duty.rest(duty.broke(agent), now_ms)
    return duty.left_alone(duty.broke(agent), how, now_ms)


def _is_over(agent: Agent, leg: str) -> Agent:
    """The leg has ended, without doubt."""
    over = agent.over_legs if leg in agent.over_legs else (*agent.over_legs, leg)[-REMEMBERED_LEGS:]
    hangups = {each: done for each, done in agent.hangups.items() if each != leg}
    unhung = tuple(each for each in agent.unhung if each != leg)
    parting = tuple(each for each in agent.parting if each != leg)
    return replace(agent, over_legs=over, hangups=hangups, unhung=unhung, parting=parting)


def _remember(agent: Agent, leg: str) -> Agent:
    if leg in agent.ended_legs:
        return agent
    return replace(agent, ended_legs=(*agent.ended_legs, leg)[-REMEMBERED_LEGS:])
