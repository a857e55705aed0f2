"""The health and metrics endpoints, which both processes have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest


def health_routes(
    ready: Callable[[], bool], details: Callable[[], Mapping[str, bool | int]], registry: CollectorRegistry
) -> list[web.RouteDef]:
    """Return `/health/live`, `/health/ready` (503 while *ready* says no, with *details*) and `/metrics`."""

    async def live(_: web.Request) -> web.Response:
        return web.json_response({"status": "live"})

    async def is_ready(_: web.Request) -> web.Response:
        body = {"ready": ready(), **details()}
        return web.json_response(body, status=200 if body["ready"] else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [web.get("/health/live", live), web.get("/health/ready", is_ready), web.get("/metrics", metrics)]


def and_no_others(routes: Sequence[web.RouteDef]) -> list[web.RouteDef]:
    """Return *routes*, and behind them one for every other path, which answers 404 and names those that there are."""
    there = ", ".join(f"{route.method} {route.path}" for route in routes if route.method != "*")

    async def not_there(_: web.Request) -> web.Response:
        return web.Response(status=404, text=f"there is no such path here; there are {there}\n")

    return [*routes, web.route("*", "/{other:.*}", not_there)]
