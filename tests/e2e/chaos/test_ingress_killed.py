"""An ingress that dies while it answers: Telnyx comes again, and nothing that was accepted is lost or there twice."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.chaos.centre import centre
from tests.e2e.chaos.servers import until


async def test_an_ingress_killed_between_the_append_and_its_answer_leaves_each_event_in_the_log_once(
    tmp_path: Path,
) -> None:
    async with centre(tmp_path, ingresses=("one", "two")) as running:
        running.ring(150)
        await running.serves(3)
        one = running["one"]
        # Redis takes the appends, and the ingress hears nothing of it.
        one.redis.hold(requests=False)
        held = one.redis.reply_bytes
        await until(lambda: one.redis.reply_bytes > held)
        broken_off = running.door.answers[0]
        await one.kill()
        await until(lambda: running.door.answers[0] > broken_off)
        # The load balancer finds out only now.
        del running.door.targets["one"]
        await running.serves(3)
        # The only one that is left dies too, and comes back.
        await running["two"].kill()
        broken_off = running.door.answers[0]
        await until(lambda: running.door.answers[0] > broken_off + 3)
        del running.door.targets["two"]
        await running.ingress("three")
        await running.serves(3)
        await running.audited()
        assert running.emulator.delivery.counts["retried"] > 0
