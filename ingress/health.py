"""The health and metrics endpoints, which both processes have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

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
    """Return *routes*, and behind them what answers the rest.

    Another method of a path that there is: 405, with those that there are; another path: 404, with the paths.
    """
    methods: dict[str, list[str]] = {}
    for route in routes:
        methods.setdefault(route.path, []).append(route.method)
    there = ", ".join(f"{route.method} {route.path}" for route in routes if route.method != "*")

    async def not_there(_: web.Request) -> web.Response:
        return web.Response(status=404, text=f"there is no such path here; there are {there}\n")

    others = [web.route("*", path, _refusing(known)) for path, known in methods.items() if "*" not in known]
    return [*routes, *others, web.route("*", "/{other:.*}", not_there)]


def _refusing(methods: Sequence[str]) -> Callable[[web.Request], Awaitable[web.Response]]:
    allowed = ", ".join(methods)

    async def refuse(request: web.Request) -> web.Response:
        told = f"{request.path} takes {allowed}\n"
        return web.Response(status=405, text=told, headers={"Allow": allowed})

    return refuse
