"""A policy comes into force by an event of each partition's log; a bad or an old file changes nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
import structlog
from typer.testing import CliRunner, Result

from ingress.envelope import Address
from ingress.intents.model import POLICY_FILE, Asked, ReloadPolicy, to_of
from ingress.intents.past import Past, Pasts
from ingress.log import Partition, partition_of
from tests.integration.runtime.conftest import PARTITIONS, Bench
from worker.cli import app
from worker.console.exits import Exit
from worker.events.event import write_entry
from worker.events.intents import Enrol, Strike
from worker.events.policies import PolicyLoaded
from worker.ledger import governing
from worker.policy.load import LoadedPolicy, parse_policy, read_policy
from worker.policy.model import Policy
from worker.runtime import policies as runtime_policies
from worker.runtime.journal import Journal
from worker.runtime.policies import Policies, needs_restart
from worker.runtime.reload import Reloader
from worker.runtime.roster import policy_address
from worker.runtime.worker import Worker

TEXT = """
[tenants.default]
connection_id = "1"
caller_id = "+13125550100"
api_key = { env = "A" }
public_keys = [{ env = "B" }]
[tenants.default.numbers."+13125550131"]
queue = "support"
[tenants.default.queues.support]
[tenants.default.agents.alice]
address = "sip:alice@sip.telnyx.com"
queues = ["support"]
"""
BOB = '[tenants.default.agents.bob]\naddress = "sip:bob@sip.telnyx.com"\nqueues = ["support"]\n'


def read(text: str) -> LoadedPolicy:
    return parse_policy(text, "policy.toml")


async def logged(bench: Bench) -> dict[int, list[PolicyLoaded | Enrol | Strike]]:
    """Return what each partition's log has of policies and of what they tell agents."""
    journal = Journal(bench.redis, bench.keys)
    found: dict[int, list[PolicyLoaded | Enrol | Strike]] = {}
    for number in range(PARTITIONS):
        last = await journal.last_id(Partition(number))
        found[number] = [
            event.body
            async for event, _ in journal.history(Partition(number), last)
            if isinstance(event.body, PolicyLoaded | Enrol | Strike)
        ]
    return found


async def ruled_by(worker: Worker, number: int) -> None:
    """Wait until every partition is ruled by that policy."""
    with anyio.fail_after(20):
        while len(worker.held) < PARTITIONS or {ledger.governing.number for ledger in worker.ledgers().values()} != {
            number
        }:
            await anyio.sleep(0.02)


def policies(bench: Bench) -> Policies:
    return Policies(bench.redis, bench.keys)


async def test_a_policy_rules_every_partition_from_its_event_on(bench: Bench) -> None:
    await policies(bench).bring(read(TEXT), "a", again=False)
    async with bench.worker("a") as worker:
        await ruled_by(worker, 1)
        found = await logged(bench)
    alice = partition_of(Address("default", "agent", "alice"), PARTITIONS)
    for number, bodies in found.items():
        assert isinstance(bodies[0], PolicyLoaded)
        assert (bodies[0].number, bodies[0].text, bodies[0].digest) == (1, TEXT, read(TEXT).digest)
        assert bodies[1:] == ([Enrol("policy")] if number == alice else [])


async def test_a_reload_enrols_who_is_new_and_strikes_who_is_gone(bench: Bench) -> None:
    await policies(bench).bring(read(TEXT + BOB), "a", again=False)
    async with bench.worker("a") as worker:
        await ruled_by(worker, 1)
        carol = BOB.replace("bob", "carol")
        await policies(bench).bring(read(TEXT + carol), "b", again=True)
        await ruled_by(worker, 2)
        found = await logged(bench)
    of = {name: found[partition_of(Address("default", "agent", name), PARTITIONS)] for name in ("bob", "carol")}
    assert of["bob"][-1] == Strike("policy")
    assert Enrol("policy") in of["carol"][2:]
    assert all(sum(isinstance(body, PolicyLoaded) for body in bodies) == 2 for bodies in found.values())


async def test_a_queue_that_is_gone_is_told_so(bench: Bench) -> None:
    more = "[tenants.default.queues.sales]\n"
    await policies(bench).bring(read(TEXT + more), "a", again=False)
    async with bench.worker("a") as worker:
        await ruled_by(worker, 1)
        await policies(bench).bring(read(TEXT), "a", again=True)
        await ruled_by(worker, 2)
        found = await logged(bench)
    assert Strike("policy") in found[partition_of(Address("default", "queue", "sales"), PARTITIONS)]


async def test_a_stream_that_went_back_is_seen_and_healed_from_the_log(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_policies, "WHOLE_SECS", 0.2)
    await policies(bench).bring(read(TEXT), "a", again=False)
    await policies(bench).bring(read(TEXT + BOB), "a", again=False)
    async with bench.worker("a") as worker:
        await ruled_by(worker, 2)
        await bench.redis.delete(bench.keys.policies())
        await policies(bench).bring(read(TEXT), "b", again=False)
        with anyio.fail_after(10):
            while (force := await policies(bench).look()) is None or force.number < 2:
                await anyio.sleep(0.02)
        assert force.text == TEXT + BOB
        assert (await policies(bench).bring(read(TEXT), "b", again=False)).result == "superseded"


async def test_a_partition_is_decided_by_its_own_log_after_a_takeover_and_after_a_snapshot(bench: Bench) -> None:
    await policies(bench).bring(read(TEXT), "a", again=False)
    async with bench.worker("a", snapshot_events=1) as worker:
        await ruled_by(worker, 1)
    # Whoever takes over has no stream of policies to look at: the log, or its snapshot, says what rules.
    await bench.redis.delete(bench.keys.policies())
    async with bench.worker("b") as worker:
        await ruled_by(worker, 1)
        assert all(ledger.governing.policy == read(TEXT).policy for ledger in worker.ledgers().values())
        with anyio.fail_after(10):
            while (force := await policies(bench).look()) is None:
                await anyio.sleep(0.02)
    assert (force.number, force.text) == (1, TEXT)


async def test_the_owner_brings_what_its_predecessor_had_not_appended(bench: Bench) -> None:
    await policies(bench).bring(read(TEXT), "a", again=False)
    async with bench.worker("a") as worker:
        await ruled_by(worker, 1)
    await policies(bench).bring(read(TEXT + BOB), "command", again=True)
    async with bench.worker("b") as worker:
        await ruled_by(worker, 2)


async def test_a_worker_that_starts_with_an_older_file_does_not_replace_a_newer_policy(bench: Bench) -> None:
    old, new = read(TEXT), read(TEXT + BOB)
    assert (await policies(bench).bring(old, "a", again=False)).result == "loaded"
    assert (await policies(bench).bring(old, "b", again=False)).result == "same"
    assert (await policies(bench).bring(new, "a", again=False)).result == "loaded"
    standing = await policies(bench).bring(old, "b", again=False)
    assert (standing.result, standing.force.number, standing.force.digest) == ("superseded", 2, new.digest)
    back = await policies(bench).bring(old, "b", again=True)
    assert (back.result, back.force.number) == ("loaded", 3)
    assert (await policies(bench).bring(new, "a", again=False)).result == "superseded"


async def test_of_two_who_bring_at_once_both_are_numbered(bench: Bench) -> None:
    texts = [TEXT + BOB.replace("bob", f"bob{number}") for number in range(5)]

    async def bring(text: str) -> None:
        await policies(bench).bring(read(text), "x", again=True)

    async with anyio.create_task_group() as tasks:
        for text in texts:
            tasks.start_soon(bring, text)
    force = await policies(bench).look()
    assert force is not None
    assert force.number == len(texts)


async def test_a_number_that_was_given_twice_gets_another(bench: Bench) -> None:
    await policies(bench).bring(read(TEXT), "a", again=False)
    ruling = PolicyLoaded(1, read(TEXT + BOB).digest, TEXT + BOB, "lost")
    await policies(bench).keep_up(ruling)
    force = await policies(bench).look()
    assert force is not None
    assert (force.number, force.text) == (2, TEXT)


async def test_a_bad_file_changes_nothing_and_says_why(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(TEXT)
    loaded = parse_policy(TEXT, str(path))
    reloader = Reloader(loaded, policies(bench), "a")
    await reloader.start()
    for bad, said in (
        (TEXT.replace("max_wait", "x").replace("connection_id", "conection_id"), "did you mean connection_id?"),
        (TEXT.replace('env = "A"', 'env = "C"'), "tenants.default.api_key is another: that takes a restart"),
        (TEXT.replace("tenants.default", "tenants.other"), "tenants.other is new"),
    ):
        path.write_text(bad)
        with structlog.testing.capture_logs() as lines:
            await reloader.reload()
        assert any(line["event"] == "policy.refused" and said in line["mistake"] for line in lines), lines
        force = await policies(bench).look()
        assert force is not None
        assert force.number == 1
    path.write_text(TEXT + BOB)
    await reloader.reload()
    force = await policies(bench).look()
    assert force is not None
    assert (force.number, force.by) == (2, "a")


async def asked(bench: Bench, intent: ReloadPolicy, number: int) -> Past:
    """Ask for a reload at a partition that a worker holds, and return what became of it."""
    address = to_of("default", intent)
    where = partition_of(address, PARTITIONS)
    (appended,) = await bench.log.append([write_entry(f"i:{number}", address, Asked(intent, "desk"), 5)])
    pasts = Pasts(bench.redis, bench.keys, PARTITIONS)
    with anyio.fail_after(20):
        while True:
            past = await pasts.of("default", where, appended.entry_id)
            assert past is not None
            if past.state not in {"waiting", "under way"}:
                return past
            await anyio.sleep(0.02)


async def test_an_intent_has_the_file_read_again_and_a_bad_one_is_refused_with_all_of_its_mistakes(
    bench: Bench, tmp_path: Path
) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(TEXT)
    reloader = Reloader(parse_policy(TEXT, str(path)), policies(bench), "w")
    await reloader.start()
    async with bench.worker("a", reload=reloader.asked) as worker:
        await ruled_by(worker, 1)
        path.write_text(TEXT.replace("connection_id", "conection_id").replace('"support"', '"suport"'))
        past = await asked(bench, ReloadPolicy(), 1)
        assert past.state == "refused"
        assert past.reason is not None
        assert "did you mean connection_id?" in past.reason
        assert "connection_id is missing" in past.reason
        path.write_text(TEXT.replace('env = "A"', 'env = "C"'))
        past = await asked(bench, ReloadPolicy(), 2)
        assert "that takes a restart of all processes" in (past.reason or "")
        path.write_text(TEXT + BOB)
        past = await asked(bench, ReloadPolicy(read(TEXT).digest), 3)
        assert f"the file at w has the digest {read(TEXT + BOB).digest}, not the one asked for" in (past.reason or "")
        force = await policies(bench).in_force()
        assert force is not None
        assert (force.number, force.text) == (1, TEXT)
        past = await asked(bench, ReloadPolicy(read(TEXT + BOB).digest), 4)
        assert (past.state, past.reason) == ("done", None)
        await ruled_by(worker, 2)
        force = await policies(bench).in_force()
        assert force is not None
        assert (force.text, force.by) == (TEXT + BOB, "desk, by intent, at w")
        # What is in force already is no mistake, and no new policy.
        assert (await asked(bench, ReloadPolicy(), 5)).state == "done"
        # It concerns no aggregate, so there is none of its name.
        assert not any(address.id == POLICY_FILE for address in worker.aggregates())
    async with bench.worker("b") as worker:
        await ruled_by(worker, 2)
        past = await asked(bench, ReloadPolicy(), 6)
        assert past.reason == "this worker was started without a policy file"


async def test_a_large_policy_is_read_beside_what_is_decided(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []

    def noting(text: str, path: str) -> Policy:
        threads.append(threading.current_thread().name)
        return read_policy(text, path)

    monkeypatch.setattr(runtime_policies, "LARGE", 1)
    monkeypatch.setattr(governing, "read_policy", noting)
    await policies(bench).bring(read(TEXT + "# large\n"), "a", again=False)
    async with bench.worker("a") as worker:
        await ruled_by(worker, 1)
        await policies(bench).bring(read(TEXT + BOB + "# large\n"), "a", again=True)
        await ruled_by(worker, 2)
    governing.policy_of.cache_clear()
    async with bench.worker("b") as worker:
        await ruled_by(worker, 2)
    assert len(threads) == 3
    assert threading.main_thread().name not in threads


async def test_a_worker_with_an_older_file_says_what_it_lacks(bench: Bench) -> None:
    more = TEXT.replace("default", "other").replace("+13125550131", "+13125550132")
    await policies(bench).bring(read(TEXT), "a", again=False)
    await policies(bench).bring(read(TEXT + more), "b", again=False)
    with structlog.testing.capture_logs() as lines:
        await Reloader(read(TEXT), policies(bench), "a").start()
    assert [line["event"] for line in lines] == ["policy.behind", "policy.superseded"]
    assert lines[0]["by_the_policy_in_force"] == "tenants.other is new"


def test_what_takes_a_restart_is_named() -> None:
    before, after = (
        read(TEXT).policy,
        read(TEXT.replace('env = "B"', 'env = "C"') + TEXT.replace("default", "other").replace("0131", "0132")).policy,
    )
    assert needs_restart(before, before) == []
    assert needs_restart(before, after) == ["tenants.other is new", "tenants.default.public_keys is another"]
    assert needs_restart(after, before)[0] == "tenants.other is gone"


@pytest.mark.parametrize("partitions", [1, 16, 1024])
def test_each_partition_has_an_address_for_policies(partitions: int) -> None:
    for number in range(partitions):
        address = policy_address(Partition(number), partitions)
        assert partition_of(address, partitions) == number
        assert Address.parse(str(address)) == address


async def test_a_policy_is_loaded_and_shown_by_command(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(TEXT)

    async def run(*arguments: str) -> Result:
        where = ("--redis", bench.url, "--prefix", bench.keys.prefix)
        return await anyio.to_thread.run_sync(CliRunner().invoke, app, ["policy", *arguments, *where])

    nothing = await run("show")
    assert (nothing.exit_code, "no policy has come into force yet" in nothing.stderr) == (Exit.NOT_FOUND, True)
    loaded = await run("load", str(path))
    assert (loaded.exit_code, loaded.stderr) == (Exit.OK, "")
    assert loaded.stdout.startswith("policy 1 (")
    assert "was in force already" in (await run("load", str(path))).stdout
    assert (
        await run("show")
    ).stdout == f"# policy 1, loaded by switchhook policy load; digest {read(TEXT).digest}\n{TEXT}"
    async with bench.worker("a") as worker:
        await ruled_by(worker, 1)
        path.write_text(TEXT + BOB)
        assert (await run("load", str(path))).stdout.startswith("policy 2 (")
        await ruled_by(worker, 2)
    path.write_text(TEXT.replace('env = "A"', 'env = "C"'))
    refused = await run("load", str(path))
    assert refused.exit_code == Exit.USAGE
    assert "tenants.default.api_key is another: that takes a restart of all processes" in refused.stderr
