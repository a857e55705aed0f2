"""What the parts of a policy must and should say of each other: each mistake with its line and its sentence."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from worker.policy.load import parse_policy
from worker.policy.mistakes import PolicyError
from worker.policy.rules import RecordingRule, Rule, Strategy, Unusable

HASH = "sha256:" + "0" * 16 + ":" + "0" * 64
TENANT = """
[tenants.default]
connection_id = "1"
caller_id = "+13125550100"
api_key = { env = "A" }
public_keys = [{ env = "B" }]
[tenants.default.numbers."+13125550131"]
queue = "support"
hours = "office"
[tenants.default.hours.office]
zone = "Europe/Berlin"
week = { mon = ["09:00-17:00"] }
[tenants.default.queues.support]
[tenants.default.queues.sales]
[tenants.default.menus.main]
prompt = "Press 1."
choices = { 1 = { queue = "support" } }
[tenants.default.agents.alice]
address = "sip:alice@sip.telnyx.com"
queues = ["support", { queue = "sales", tier = 2 }]
skills = { french = 5 }
"""
QUEUE = "[tenants.default.queues.support]"
NUMBER = 'hours = "office"'
AGENT = "[tenants.default.agents.alice]"
WHERE = "tenants.default"
ENTRY = 'tenants.default.numbers."+13125550131"'
LAST = TENANT.count("\n")


def refusal(text: str, rules: Mapping[str, Rule | Unusable] | None = None) -> str:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "policy.toml", rules)
    return str(caught.value)


def warnings(text: str) -> tuple[str, ...]:
    return parse_policy(text, "policy.toml").warnings


def test_the_policy_that_is_spoilt_here_is_good() -> None:
    assert warnings(TENANT) == ("tenants.default.menus.main: no goal leads here",)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('queue = "support"\nhours', 'queue = "suport"\nhours', 8,
         f"{ENTRY}.queue is 'suport': there is no such queue; did you mean support? there are: sales, support"),
        ('queue = "support"\nhours', 'menu = "mian"\nhours', 8,
         f"{ENTRY}.menu is 'mian': there is no such menu; did you mean main? there are: main"),
        ('queue = "support"\nhours', 'voicemail = "box"\nhours', 8,
         f"{ENTRY}.voicemail is 'box': there is no such voicemail; there are: none"),
        (NUMBER, 'hours = "offices"', 9,
         f"{ENTRY}.hours is 'offices': there is no such table of hours; did you mean office? there are: office"),
        (QUEUE, QUEUE + '\nhours = "night"', 14,
         f"{WHERE}.queues.support.hours is 'night': there is no such table of hours; there are: office"),
        ('queue = "support"\nhours', 'queue = "support"\nmenu = "main"\nhours', 7,
         f"{ENTRY} leads to queue and menu: a caller can go to one of them"),
        (QUEUE, QUEUE + '\nkeys.1 = { callback = true, queue = "sales" }', 14,
         f"{WHERE}.queues.support.keys.1 leads to queue and callback: a caller can go to one of them"),
        (NUMBER, NUMBER + "\nrules = [\n  { block = true },\n]", 11,
         f"{ENTRY}.rules[0].from is missing or empty: the rule would be for nobody"),
        (NUMBER, NUMBER + '\nrules = [\n  { from = ["0049*"], block = true },\n]', 11,
         f"{ENTRY}.rules[0].from[0] is '0049*', not a number in E.164 form, the beginning of one with"),
        (NUMBER, NUMBER + '\nrules = [{ from = ["+49*"], block = true, queue = "sales" }]', 10,
         f"{ENTRY}.rules[0] leads to queue and block"),
        (NUMBER, NUMBER + '\nclosed = { say = { text = "Closed.", audio = "https://a.example/b.mp3" } }', 10,
         f"{ENTRY}.closed.say needs exactly one of text, audio and media"),
        (NUMBER, NUMBER + '\ngreeting = { media = "hello", voice = { voice = "male" } }', 10,
         f"{ENTRY}.greeting.voice is for a text, and there is none"),
        (QUEUE, QUEUE + '\nmusic = { audio = "https://a.example/b.mp3", media = "b" }', 14,
         f"{WHERE}.queues.support.music has audio and media: it can be one of them"),
        (QUEUE, QUEUE + '\nannouncements.position = "Number {place}."', 14,
         f"{WHERE}.queues.support.announcements.position has {{place}}, which nothing fills in: only {{position}} and"),
        (QUEUE, QUEUE + '\nannouncements.wait = "{minutes"', 14,
         f"{WHERE}.queues.support.announcements.wait has a brace that does not fit"),
        ('zone = "Europe/Berlin"', 'zone = "Europe/Berlim"', 11,
         f"{WHERE}.hours.office.zone is 'Europe/Berlim': there is no such time zone; did you mean Europe/Berlin?"),
        ('["09:00-17:00"]', '["9-17"]', 12,
         f"{WHERE}.hours.office.week.mon[0] is '9-17', not a span such as \"09:00-17:30\""),
        ('["09:00-17:00"]', '["09:00-09:00"]', 12,
         f"{WHERE}.hours.office.week.mon[0] is '09:00-09:00': it ends when it begins; a whole day is"),
        ("week = { mon", "week = { monday", 12, f"{WHERE}.hours.office.week.monday: a name here is one of"),
        ("[tenants.default.queues.sales]", "holidays.02-30 = []\n[tenants.default.queues.sales]", 14,
         f"{WHERE}.queues.support.holidays is not a key"),
        ('zone = "Europe/Berlin"', 'zone = "Europe/Berlin"\nholidays.02-30 = []', 12,
         f"{WHERE}.hours.office.holidays.02-30: there is no such day"),
        ('zone = "Europe/Berlin"', 'zone = "Europe/Berlin"\nholidays.2026-02-29 = []', 12,
         f"{WHERE}.hours.office.holidays.2026-02-29: there is no such day"),
        ('zone = "Europe/Berlin"', 'zone = "localtime"', 11,
         f"{WHERE}.hours.office.zone is 'localtime': there is no such time zone;"),
        ('zone = "Europe/Berlin"', "zone = 1979-05-27", 11,
         f"{WHERE}.hours.office.zone is the date or time 1979-05-27, not 1 to 255 characters"),
        (QUEUE, QUEUE + '\nwaited = { queue = "support" }', 14,
         f"{WHERE}.queues.support.waited begins a circle; callers would go round for ever: queues.support.waited →"),
        (QUEUE, QUEUE + "\nskills.french = { level = 5, relax = [{ after_secs = 5, level = 5 }] }", 14,
         f"{WHERE}.queues.support.skills.french.relax[0].level is 5: each step needs less than 5"),
        (QUEUE, QUEUE + "\nskills.french.relax = [{ after_secs = 9, level = 0 }, { after_secs = 9, level = 0 }]", 14,
         f"{WHERE}.queues.support.skills.french.relax[1].after_secs is 9: each step comes after the last"),
        (QUEUE, QUEUE + '\nrecording = { pause_key = "*", resume_key = "*" }', 14,
         f"{WHERE}.queues.support.recording.resume_key is '*', which is the pause_key too"),
        ('["support", { queue = "sales", tier = 2 }]', '["support", { queue = "sale" }]', 20,
         f"{WHERE}.agents.alice.queues[1].queue is 'sale': there is no such queue; did you mean sales?"),
        ('["support", { queue = "sales", tier = 2 }]', '["support", { queue = "support" }]', 20,
         f"{WHERE}.agents.alice.queues[1] is 'support', which is in the list already"),
        ('["support", { queue = "sales", tier = 2 }]', '["support", { queue = "sales", teir = 2 }]', 20,
         f"{WHERE}.agents.alice.queues[1].teir is not a key: did you mean tier? allowed here: position, queue, tier"),
        ("sip:alice@sip.telnyx.com", "+13125550131", 19,
         f"{WHERE}.agents.alice.address is '+13125550131', which is one of the numbers that callers ring"),
        (AGENT, AGENT + '\npin = "1234"', 19,
         f"{WHERE}.agents.alice.pin is not what it must be: what `switchhook policy pin` prints"),
        (AGENT, '[tenants.default.supervisors.eve]\naddress = "+13125550177"\nqueues = ["salse"]\n' + AGENT, 20,
         f"{WHERE}.supervisors.eve.queues[0] is 'salse': there is no such queue; did you mean sales?"),
        ("french = 5", "french = 500", 21, f"{WHERE}.agents.alice.skills.french is 500, not a whole number from 1 to"),
        (AGENT, AGENT + "\ndetect_machine = 1", 19, f"{WHERE}.agents.alice.detect_machine is 1, not true or false"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_line(old: str, new: str, line: int, said: str) -> None:
    assert TENANT.count(old) == 1
    assert f"policy.toml:{line}: {said}" in refusal(TENANT.replace(old, new)), refusal(TENANT.replace(old, new))


def test_a_plain_pin_is_not_repeated() -> None:
    assert "8765" not in refusal(TENANT.replace(AGENT, AGENT + '\npin = "8765"'))


@pytest.mark.parametrize("key", ["waited", "full", "unstaffed", "closed"])
def test_overflow_in_a_circle_is_found_on_every_way(key: str) -> None:
    sales = "[tenants.default.queues.sales]"
    text = TENANT.replace(QUEUE, QUEUE + f'\n{key} = {{ queue = "sales" }}')
    assert warnings(text) == warnings(TENANT)
    circle = text.replace(sales, sales + '\nwaited = { menu = "main" }').replace(
        'prompt = "Press 1."', 'prompt = "Press 1."\notherwise = { queue = "support" }'
    )
    told = refusal(circle)
    assert f"queues.support.{key} → queues.sales.waited → menus.main.otherwise → queues.support" in told
    assert told.count("circle") == 1


def test_what_a_caller_chooses_is_no_circle() -> None:
    text = TENANT.replace(QUEUE, QUEUE + '\nwaited = { menu = "main" }\nkeys.1 = { queue = "sales" }')
    assert warnings(text) == ()


def test_a_number_or_an_address_that_two_have_is_refused() -> None:
    other = TENANT.replace("tenants.default", "tenants.other")
    told = refusal(TENANT + other)
    assert 'tenants.other.numbers."+13125550131" is a number of the tenant default too' in told
    assert f"policy.toml:{LAST + 7}" in told
    renamed = other.replace("+13125550131", "+13125550132")
    assert [said for said in warnings(TENANT + renamed) if "phone" in said] == [
        (
            "tenants.other.agents.alice.address is the address of an agent of the tenant default too: "
            "both will ring the same phone"
        )
    ]
    twice = f'[tenants.default.agents.bob]\naddress = "sip:b@x"\nqueues = ["sales"]\nextension = "7"\npin = "{HASH}"\n'
    told = refusal(TENANT.replace(AGENT, AGENT + f'\nextension = "7"\npin = "{HASH}"') + twice)
    assert "tenants.default.agents.bob.extension is '7', which is alice's too" in told


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('["support", { queue = "sales", tier = 2 }]', '["support"]', f"{WHERE}.queues.sales: no agent serves"),
        (QUEUE, QUEUE + "\nskills.frnech = {}",
         f"{WHERE}.queues.support.skills.frnech: no agent of this queue has the skill; did you mean french? nobody"),
        (QUEUE, QUEUE + "\nskills.french.level = 9",
         f"{WHERE}.queues.support.skills.french is at least 9: the best of its agents has 5, so nobody"),
        ('queue = "support"\nhours', 'greeting = "Hello."\nhours',
         f"{ENTRY}: its callers hear the greeting, and are hung up on"),
        (NUMBER, "", f"{WHERE}.hours.office: no number and no queue has these hours"),
        ('week = { mon = ["09:00-17:00"] }', "", f"{WHERE}.hours.office: it has no spans in its week, so it is closed"),
        ('choices = { 1 = { queue = "support" } }', "choices = {}", f"{WHERE}.menus.main: there is nothing to choose"),
        (QUEUE, QUEUE + '\nwaited = { number = "+13125550131" }',
         f"{WHERE}.queues.support.waited.number is '+13125550131': that is this tenant's own number"),
        (QUEUE, QUEUE + "\nmax_wait_unstaffed_secs = 1000",
         f"{WHERE}.queues.support.max_wait_unstaffed_secs is above max_wait_secs, and so comes too late to matter"),
        (QUEUE, QUEUE + '\nrecording.resume_key = "1"',
         f"{WHERE}.queues.support.recording.resume_key is set, and there is no pause_key"),
        (QUEUE, QUEUE + '\nrecording.pause_key = "1"',
         f"{WHERE}.queues.support.recording.pause_key is set, and there is no resume_key: by phone nobody resumes"),
        (QUEUE, QUEUE + "\nkeys.1 = {}",
         f"{WHERE}.queues.support.keys.1 leads nowhere: who presses it is hung up on"),
        (AGENT, AGENT + f'\npin = "{HASH}"',
         f"{WHERE}.agents.alice.pin is set, and no goal has login: nobody can log in by phone"),
        (NUMBER, NUMBER + "\nclosed = { login = true }",
         f"{WHERE} has a goal with login, and no agent has a pin: nobody can log in there"),
        (AGENT, AGENT + '\nextension = "7"',
         f"{WHERE}.agents.alice.extension is set, and there is no pin to log in with"),
    ],
)  # fmt: skip
def test_what_is_probably_not_meant_is_warned_of(old: str, new: str, said: str) -> None:
    assert TENANT.count(old) == 1
    assert any(warning.startswith(said) for warning in warnings(TENANT.replace(old, new))), warnings(
        TENANT.replace(old, new)
    )


def test_an_own_rule_must_be_installed_and_of_the_right_kind() -> None:
    rules: dict[str, Rule | Unusable] = {
        "nearest": Strategy(lambda _, free: (agent.name for agent in free)),
        "never": RecordingRule(lambda _: False),
        "broken": Unusable("mine:broken cannot be loaded: ImportError: no"),
    }
    own = TENANT.replace(QUEUE, QUEUE + '\nrule = "nearest"\nrecording.rule = "never"')
    assert parse_policy(own, "policy.toml", rules).policy.tenants["default"].queues["support"].rule == "nearest"
    said = refusal(own.replace('"nearest"', '"nearset"'), rules)
    assert (
        "queues.support.rule is 'nearset': no installed package has it as an entry point of switchhook.policies" in said
    )
    assert "did you mean nearest? there are: broken, nearest, never" in said
    assert "queues.support.rule is 'never': that is a recording rule, and a strategy is needed here" in refusal(
        own.replace('"nearest"', '"never"'), rules
    )
    assert "'broken': mine:broken cannot be loaded: ImportError: no" in refusal(
        own.replace('"nearest"', '"broken"'), rules
    )


def test_an_empty_text_switches_off_what_is_said_by_default() -> None:
    policy = parse_policy(TENANT.replace(QUEUE, QUEUE + '\napology = ""'), "policy.toml").policy
    assert policy.tenants["default"].queues["support"].apology is None
    assert policy.tenants["default"].queues["sales"].apology is not None
