"""Draws a contact centre by chance: a policy that uses what a policy can say, with times short enough for a run."""

from __future__ import annotations

import random
from typing import TypeVar, get_args

from worker.policy.model import (
    Agent,
    Announcements,
    Callback,
    Digit,
    Goal,
    Hours,
    Key,
    Menu,
    Number,
    Queue,
    Secret,
    Serves,
    Supervisor,
    Tenant,
    Voicemail,
)
from worker.policy.model.goals import CallerRule
from worker.policy.model.pin import pin_hash
from worker.policy.model.queues import Recording, Relaxed, Requirement, Strategy

MENU_NUMBER = "+13125550132"
LOGIN_NUMBER = "+13125550133"
MAIN_NUMBER = "+13125550131"
#: Numbers outside, to which callers are given on.
OUTSIDE = tuple(f"+1999000000{digit}" for digit in range(6))
#: Of this number callers are not taken; who rings from the other goes first.
BLOCKED, VIP = "+15550000001", "+15550000002"
PIN = "2468"
PAUSE_KEY: Digit = "1"
RESUME_KEY: Digit = "2"
HOURS = {
    "always": Hours(week={"fri": ("00:00-24:00",)}),
    "never": Hours(),
    # A run begins on a Friday at 8:00.
    "a-minute": Hours(week={"fri": ("00:00-08:01",)}),
}
T = TypeVar("T")


def draw_centre(chance: random.Random) -> Tenant:
    """Return a tenant with one to three queues, one to four agents, a menu, a box for messages and supervisors."""
    names = [f"queue{number}" for number in range(chance.randint(1, 3))]
    queues = {name: _queue(chance, names[place + 1 :]) for place, name in enumerate(names)}
    agents = {f"agent{number}": _agent(chance, number, names) for number in range(chance.randint(1, 6))}
    return Tenant(
        connection_id="1",
        caller_id="+13125550100",
        api_key=Secret(env="K"),
        public_keys=(Secret(env="P"),),
        numbers={
            MAIN_NUMBER: Number(
                names[0],
                greeting=_maybe(chance, "Welcome."),
                hours=chance.choice((None, "always", "a-minute")),
                rules=(
                    CallerRule(callers=(BLOCKED,), block=True),
                    CallerRule(queue=chance.choice(names), callers=(VIP,), priority=10),
                ),
            ),
            MENU_NUMBER: Number(menu="main"),
            LOGIN_NUMBER: Number(login=True),
        },
        hours=HOURS,
        menus={"main": _menu(chance, names)},
        voicemails={"box": Voicemail(prompt="Speak.", max_secs=chance.choice((2, 5)), silence_secs=2)},
        queues=queues,
        agents=agents,
        supervisors={
            "anna": Supervisor("sip:anna@sip.telnyx.com", ring_secs=5),
            "bert": Supervisor("+17770000009", queues=(names[-1],), ring_secs=5),
        },
    )


def _maybe(chance: random.Random, value: T, share: float = 0.5) -> T | None:
    return value if chance.random() < share else None


def _goal(chance: random.Random, later: list[str]) -> Goal | None:
    """Return where a caller goes who cannot be served: only to later queues, so that nobody goes in circles."""
    goals = [None, Goal(voicemail="box"), Goal(number=chance.choice(OUTSIDE)), Goal(say="Try again.")]
    goals += [Goal(queue=name, priority=chance.choice((0, 5))) for name in later] * 2
    return chance.choice(goals)


def _menu(chance: random.Random, names: list[str]) -> Menu:
    return Menu(
        prompt="Choose.",
        choices={
            "1": Goal(queue=names[0]),
            "2": Goal(queue=names[-1], priority=3),
            "3": Goal(voicemail="box"),
            "4": Goal(number=OUTSIDE[0]),
            "9": Goal(say="Goodbye."),
        },
        otherwise=chance.choice((Goal(), Goal(queue=names[0]))),
        invalid=_maybe(chance, "Wrong."),
        timeout_secs=3,
        retries=chance.choice((0, 1)),
    )


def _queue(chance: random.Random, later: list[str]) -> Queue:
    keys: dict[Digit, Key] = {"5": Key(callback=True), "6": Key(voicemail="box"), "7": Key(say="Goodbye.")}
    if later:
        keys["8"] = Key(queue=later[0])
    skills = {"german": Requirement(2, chance.choice(((), (Relaxed(5, 1), Relaxed(10, 0)))))}
    return Queue(
        strategy=chance.choice(get_args(Strategy)),
        ring_at_once=chance.choice((1, 2, 3)),
        tier_secs=chance.choice((1, 3, 5)),
        skip_empty_tiers=chance.random() < 0.5,
        skills=skills if chance.random() < 0.3 else {},
        priority=chance.choice((0, 0, 5)),
        personal_secs=chance.choice((3, 10)),
        max_wait_secs=chance.choice((5, 20, 40, 40)),
        max_wait_unstaffed_secs=_maybe(chance, chance.choice((2, 4)), 0.3),
        max_size=chance.choice((2, 300, 300)),
        join_unstaffed=chance.random() < 0.8,
        leave_when_unstaffed=chance.random() < 0.3,
        hours=chance.choices((None, "always", "a-minute", "never"), (6, 3, 2, 1))[0],
        waited=_goal(chance, later),
        full=_goal(chance, later),
        unstaffed=_goal(chance, later),
        closed=_goal(chance, later),
        apology=_maybe(chance, "Sorry."),
        keys=keys,
        callback=Callback(
            first=chance.choice(("agent", "caller")),
            confirm="Goodbye.",
            attempts=chance.choice((1, 2)),
            retry_secs=5,
            keep_secs=chance.choice((10, 40)),
            ring_secs=5,
        ),
        short_abandon_secs=chance.choice((0, 2)),
        resume_secs=chance.choice((0, 30)),
        offer_secs=chance.choice((3, 10)),
        connect_secs=chance.choice((5, 10)),
        max_attempts=chance.choice((1, 3)),
        wrap_up_secs=_maybe(chance, chance.choice((0, 1, 3))),
        announcements=Announcements(every_secs=chance.choice((0, 2, 5)), first_secs=1, wait="{minutes}."),
        recording=Recording(
            record=chance.choice(("all", "none", "some", "asked")),
            percent=50,
            announce=_maybe(chance, "Recorded.", 0.3),
            pause_key=PAUSE_KEY,
            resume_key=RESUME_KEY,
        ),
    )


def _agent(chance: random.Random, number: int, names: list[str]) -> Agent:
    served = chance.sample(names, chance.randint(1, len(names)))
    on_demand = chance.random() < 0.5
    return Agent(
        chance.choice((f"sip:agent{number}@sip.telnyx.com", f"+1777000000{number}")),
        tuple(Serves(name, tier=chance.choice((1, 1, 2, 3)), position=chance.randint(1, 3)) for name in served),
        reach="on-demand" if on_demand else "nailed-up",
        log_in="policy" if chance.random() < 0.8 else "self",
        skills={"german": chance.randint(1, 3)} if chance.random() < 0.6 else {},
        wrap_up_secs=chance.choice((0, 1, 2)),
        ring_secs=5,
        redial_secs=chance.choice((0, 3, 5)) if not on_demand else 5,
        reject_delay_secs=chance.choice((0, 1)),
        busy_delay_secs=chance.choice((0, 2)),
        no_answer_delay_secs=chance.choice((0, 1)),
        max_no_answer=chance.choice((0, 1, 3)),
        detect_machine=on_demand and chance.random() < 0.5,
        pin=pin_hash(PIN, f"{number:016x}"),
        extension=f"10{number}",
    )
