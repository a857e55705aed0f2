"""A connection to Redis that is lost is an error of Redis's, whatever the event loop calls it."""

from __future__ import annotations

import anyio
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.redis_client import connect


@pytest.mark.parametrize("uvloop", [True, False])
def test_writing_to_a_connection_that_is_closed_already_is_a_redis_error(redis_url: str, uvloop: bool) -> None:
    async def lose() -> None:
        client: Redis = connect(redis_url)
        connection = await client.connection_pool.get_connection()  # type: ignore[no-untyped-call]
        connection._writer.transport.abort()
        with pytest.raises((RedisError, OSError)):
            await connection.send_command("PING")
            await connection.read_response()
        await client.connection_pool.release(connection)
        assert await client.ping()
        await client.aclose()

    anyio.run(lose, backend_options={"use_uvloop": uvloop})
