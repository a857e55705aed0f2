"""What is in deploy/ is accepted by the tools that read it, and says nothing that the code does not know."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from nacl.signing import SigningKey

from ingress import settings as ingress_settings
from ingress.lifecycle import EXIT_CONFIG
from worker import settings as worker_settings
from worker.policy.load import parse_policy
from worker.testing.redis_server import PrivateRedis, find_redis_server

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
EXAMPLE = ROOT / "worker" / "policy" / "example.toml"
MANIFESTS = sorted(path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.name != "kustomization.yaml")
#: What the emulator's command line reads.
EMULATOR = {"SWITCHHOOK_EMULATOR_API_KEY", "SWITCHHOOK_EMULATOR_SEED"}


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_kubernetes_accepts_each_manifest(path: Path) -> None:
    documents = list(yaml.safe_load_all(path.read_text()))
    assert documents
    for document in documents:
        kubernetes_validate.validate(document, "1.30", strict=True)


def test_the_kustomization_names_every_manifest_but_the_secret() -> None:
    kustomization = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    assert set(kustomization["resources"]) == {path.name for path in MANIFESTS} - {"secret.example.yaml"}
    for generator in kustomization["configMapGenerator"]:
        assert all((DEPLOY / "kubernetes" / name).is_file() for name in generator["files"])


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not here")
def test_kustomize_builds_what_kubernetes_accepts() -> None:
    built = subprocess.run(
        ["kubectl", "kustomize", str(DEPLOY / "kubernetes")], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    documents = list(yaml.safe_load_all(built.stdout))
    assert {document["kind"] for document in documents} >= {"ConfigMap", "Deployment", "StatefulSet"}
    for document in documents:
        kubernetes_validate.validate(document, "1.30", strict=True)


@pytest.mark.parametrize(
    ("copy", "original"),
    [("kubernetes/policy.toml", EXAMPLE), ("kubernetes/redis.conf", DEPLOY / "redis" / "redis.conf")],
)
def test_a_copy_is_the_original(copy: str, original: Path) -> None:
    assert (DEPLOY / copy).read_text() == original.read_text()


def test_the_example_policy_is_good() -> None:
    assert parse_policy(EXAMPLE.read_text(), "example.toml").warnings == ()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    # The program has to be there for the check; here it is not in /opt.
    program = tmp_path / "switchhook"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    units = []
    for unit in (DEPLOY / "systemd").iterdir():
        if unit.suffix in (".service", ".target"):
            name = unit.name.replace("worker@", "worker@1") if "@" in unit.name else unit.name
            text = unit.read_text().replace("/opt/switchhook/.venv/bin/switchhook", str(program))
            (tmp_path / unit.name).write_text(text)
            units.append(str(tmp_path / name))
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    ours = [line for line in told.stderr.splitlines() if "switchhook" in line]
    assert told.returncode == 0, told.stderr
    assert ours == []


def test_systemd_starts_again_unless_a_setting_is_wrong() -> None:
    for path in (DEPLOY / "systemd").glob("*.service"):
        unit = path.read_text()
        assert "StartLimitIntervalSec=0\n" in unit
        assert f"RestartPreventExitStatus={EXIT_CONFIG}\n" in unit


def test_the_example_environment_of_systemd_is_accepted() -> None:
    environment = _variables(DEPLOY / "systemd" / "switchhook.env.example")
    # As the worker's unit says it for the instance 2.
    port = {"SWITCHHOOK_HEALTH_PORT": "8082"}
    assert ingress_settings.ingress_settings({}, environment).port == 8080
    assert worker_settings.worker_settings({}, {**environment, **port}).health_port == 8082


def test_redis_accepts_its_configuration(tmp_path: Path) -> None:
    assert find_redis_server()
    with PrivateRedis(directory=tmp_path, config=DEPLOY / "redis" / "redis.conf") as server:
        assert server.pid


def test_every_variable_that_is_set_is_one_that_is_read() -> None:
    known = {*ingress_settings.ENVIRONMENT.values(), *worker_settings.ENVIRONMENT.values(), *EMULATOR}
    for path in DEPLOY.rglob("*"):
        if path.is_file():
            named = set(re.findall(r"SWITCHHOOK_[A-Z_]+", path.read_text()))
            assert named <= known, f"{path} names {named - known}"


def test_compose_names_files_that_are_there() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert set(services) == {"redis", "ingress", "worker-1", "worker-2", "emulator"}
    for service in services.values():
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert not source.startswith(".") or (DEPLOY / source).is_file()
        if "build" in service:
            context = DEPLOY / service["build"]["context"]
            assert (context / service["build"]["dockerfile"]).is_file()


def test_compose_gives_each_program_a_command_that_exists() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    for name in services.keys() - {"redis"}:
        command, *options = services[name]["command"]
        told = subprocess.run(
            [sys.executable, "-m", "worker.cli", command, *options, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr


def test_the_emulators_public_key_belongs_to_its_seed() -> None:
    variables = _variables(DEPLOY / "emulator.env")
    signing = SigningKey(base64.b64decode(variables["SWITCHHOOK_EMULATOR_SEED"], validate=True))
    assert base64.b64encode(bytes(signing.verify_key)).decode() == variables["TELNYX_PUBLIC_KEY"]


def test_the_image_is_built_from_files_that_are_there_and_not_ignored() -> None:
    ignored = set((ROOT / ".dockerignore").read_text().split())
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    assert sources
    assert all((ROOT / source).exists() for source in sources)
    assert not sources & ignored


def _variables(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}
