"""Where a leg's webhooks go instead of the application's URL, and after which pauses they are sent again."""

from __future__ import annotations

from yarl import URL

from worker.telnyx.calls.answering import AnswerBody
from worker.telnyx.calls.dialling import DialBody, TransferBody
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.problems import refuse

MOST_PAUSES_MS = 60_000
#: Those of the OpenAPI document of July 2026, and those that the official SDK 4.189 and Telnyx's guides know besides.
EVENT_TYPES = frozenset(
    [f"call.{name}" for name in (
        "analyzed", "answered", "bridged", "conversation.created", "conversation.ended", "conversation.start_failed",
        "conversation_insights.generated", "cost", "deepfake_detection.error", "deepfake_detection.result", "dequeued",
        "dtmf.received", "enqueued", "fork.started", "fork.stopped", "gather.ended", "hangup", "hold", "initiated",
        "machine.detection.ended", "machine.greeting.ended", "machine.premium.call_screening.detected",
        "machine.premium.detection.ended", "machine.premium.detection.started", "machine.premium.greeting.ended",
        "payment.completed", "payment.progress", "playback.ended", "playback.started", "recording.error",
        "recording.saved", "recording.transcription.saved", "refer.completed", "refer.failed", "refer.started",
        "speak.ended", "speak.started", "transcription", "unhold",
    )]
    + [f"conference.{name}" for name in (
        "created", "ended", "floor.changed", "participant.joined", "participant.left", "participant.playback.ended",
        "participant.playback.started", "participant.speak.ended", "participant.speak.started", "playback.ended",
        "playback.started", "recording.saved", "speak.ended", "speak.started",
    )]
    + [f"{name}.{what}" for name in ("streaming", "siprec") for what in ("started", "stopped", "failed")]
)  # fmt: skip

#: Commands that may say so.
Addressed = DialBody | TransferBody | AnswerBody


def check_webhooks(body: Addressed) -> None:
    """Refuse webhook URLs that are none or for what is no event, and pauses that are too long."""
    check_url(body.webhook_url, "/webhook_url")
    for event_type, urls in (body.webhook_urls or {}).items():
        for url in [urls] if isinstance(urls, str) else urls:
            check_url(url, f"/webhook_urls/{event_type}")
    for field, names in (
        ("webhook_urls", body.webhook_urls or {}),
        ("webhook_retries_policies", body.webhook_retries_policies or {}),
    ):
        for event_type in names:
            if event_type not in EVENT_TYPES and not event_type.startswith("call.ai_gather."):
                refuse("90057", f"{event_type} is not an event type", pointer=f"/{field}/{event_type}")
    for event_type, policy in (body.webhook_retries_policies or {}).items():
        pauses_ms = policy.retries_ms or []
        if sum(pauses_ms) > MOST_PAUSES_MS or any(pause_ms < 0 for pause_ms in pauses_ms):
            pointer = f"/webhook_retries_policies/{event_type}"
            refuse("10015", f"pauses are from 0, and {MOST_PAUSES_MS} ms together at most", pointer=pointer)


def check_url(text: str | None, pointer: str) -> None:
    """Refuse what cannot be posted to."""
    if not text:
        return
    try:
        url = URL(text)
        (url.host or "").encode("idna")
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host or not url.port:
        refuse("10015", "it is not the address of a web server", pointer=pointer)


def set_webhooks(leg: Leg, body: Addressed) -> None:
    """Send a leg's webhooks where its command says; of several URLs for one event, the first."""
    leg.webhook_url = body.webhook_url or leg.webhook_url
    for event_type, urls in (body.webhook_urls or {}).items():
        if urls:
            leg.webhook_urls[event_type] = urls if isinstance(urls, str) else urls[0]
    policies = body.webhook_retries_policies or {}
    leg.webhook_pauses_ms |= {event_type: policy.retries_ms or [] for event_type, policy in policies.items()}
