"""How the caller is told something, asked for digits, and how it is seen that a leg has begun or ended."""

from __future__ import annotations

from collections.abc import Iterator

from worker.aggregates.call.state import Call
from worker.commands import command as c
from worker.commands.client_state import ClientState
from worker.decisions.decision import Act, Send, SetTimer
from worker.events.event import Event
from worker.events.outcomes import Outcome
from worker.events.timers import TimerFired
from worker.policy.model import Announcement, Music, Tenant, sound_of

#: `call.answered` is looked for after so long. Telnyx answers a parked leg in well under a second.
ANSWERED_WITHIN_MS = 5_000
#: `call.hangup` is looked for so long after we have hung up.
HUNG_UP_WITHIN_MS = 10_000
#: A speech is taken as ended after this and 120 ms a character, when no webhook says so; audio, whose length nobody
#: knows, after three minutes.
SPEECH_SLACK_MS = 5_000
SPEECH_MS_PER_CHARACTER = 120
AUDIO_MS = 180_000


def say(call: Call, event: Event, policy: Tenant, mark: str, said: Announcement) -> Iterator[Act]:
    """Let the caller hear something, known by *mark* from then on; what he hears at our command ends for it."""
    sound = sound_of(said)
    stop, state = call.sounding is not None, marked(call, mark)
    if sound.text is not None:
        voice = sound.voice or policy.voice
        yield Send(c.Speak(call.id, sound.text, voice.voice, voice.language, state, stop=stop))
    else:
        yield Send(c.Play(call.id, state, audio=sound.audio, media=sound.media, stop=stop))
    yield SetTimer(mark, event.received_ms + lasts_ms(said))


def play_music(call: Call, music: Music) -> Iterator[Act]:
    """Let the caller hear music until something else is heard."""
    state = marked(call, f"music:{call.music + 1}")
    yield Send(c.Play(call.id, state, audio=music.audio, media=music.media, endless=True))


def hush(call: Call) -> Iterator[Act]:
    """End what the caller hears at our command."""
    if call.sounding is not None:
        yield Send(c.StopSounds(call.id))


def ask(
    call: Call,
    event: Event,
    policy: Tenant,
    mark: str,
    prompt: Announcement,
    *,
    digits: int,
    timeout_secs: float,
    terminating: str = "#",
) -> Iterator[Act]:
    """Ask the caller for so many *digits* at most, known by *mark* from then on."""
    yield from hush(call)
    sound = sound_of(prompt)
    voice = sound.voice or policy.voice
    yield Send(
        c.Gather(
            call.id,
            marked(call, mark),
            digits,
            terminating,
            timeout_secs,
            text=sound.text,
            voice=voice.voice if sound.text else "",
            language=voice.language if sound.text else None,
            audio=sound.audio,
            media=sound.media,
        )
    )
    # Each digit may take its time: Telnyx waits for five seconds between two.
    yield SetTimer(mark, event.received_ms + lasts_ms(prompt) + round(timeout_secs * 1000) + digits * 5_000)


def lasts_ms(said: Announcement) -> int:
    """Return after how long something is over for certain."""
    text = sound_of(said).text
    return AUDIO_MS if text is None else SPEECH_SLACK_MS + SPEECH_MS_PER_CHARACTER * len(text)


def marked(call: Call, mark: str) -> ClientState:
    """Return the client_state that names *mark*; a leg that we dialled goes on to tell whose it is."""
    if call.owner is None:
        return ClientState(speech=mark)
    return ClientState(owner=f"{call.owner.kind}:{call.owner.id}", purpose=call.owner.purpose, speech=mark)


def hang_up(call: Call, event: Event) -> Iterator[Act]:
    """End the leg, and see that it has ended."""
    if "hangup" not in call.done:
        yield Send(c.Hangup(call.id))
        yield SetTimer("hangup", event.received_ms + HUNG_UP_WITHIN_MS)
    else:
        yield from look_for(call, event, "hangup", HUNG_UP_WITHIN_MS)


def turn_away(call: Call, event: Event) -> Iterator[Act]:
    """Refuse an incoming leg unanswered, and see that it has ended."""
    if "reject" not in call.done:
        yield Send(c.Reject(call.id))
        yield SetTimer("hangup", event.received_ms + HUNG_UP_WITHIN_MS)
    else:
        yield from look_for(call, event, "hangup", HUNG_UP_WITHIN_MS)


def look_for(call: Call, event: Event, timer: str, again_ms: int) -> Iterator[Act]:
    """Read the leg when the webhook that *timer* waits for does not come; and again when the read fails."""
    match event.body:
        case TimerFired(key=key) if key == timer:
            yield Send(c.ReadCall(call.id))
        case Outcome(command=c.ReadCall()):
            yield SetTimer(timer, event.received_ms + again_ms)
        case _:
            return
