"""Checks of the service's settings in the manifests, by the service's own class."""

import os
from collections.abc import Iterator
from unittest.mock import patch

from pydantic import ValidationError

from gateway.cli import COMMANDS
from gateway.settings import Settings
from tests.kubernetes.objects import Object, command, environment, is_clearbg, pods

PREFIX = "CLEARBG_"
PORTS = {
    "serve": {"http": "http_port", "grpc": "grpc_port", "operations": "operations_port"},
    "worker": {"operations": "operations_port"},
    "triton": {"grpc": "triton_grpc_port", "metrics": "triton_metrics_port"},
}
"""The setting of each port of each command, by the port's name."""


def settings_exist(objects: list[Object]) -> Iterator[str]:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for pod in pods(objects):
        for container in filter(is_clearbg, pod.all_containers):
            for name in environment(container, objects):
                if name.startswith(PREFIX) and name not in known:
                    yield f"{pod.name}: {container['name']}: {name} is no setting"


def settings_are_valid(objects: list[Object]) -> Iterator[str]:
    for pod in pods(objects):
        for container in filter(is_clearbg, pod.all_containers):
            try:
                settings_of(container, objects)
            except ValidationError as error:
                for line in error.errors():
                    yield f"{pod.name}: {container['name']}: {line['loc']}: {line['msg']}"


def settings_of(container: Object, objects: list[Object]) -> Settings:
    """Return the settings with which a container runs; values of Secrets are only marked as set.

    Raises:
        ValidationError: the service would not start with them.
    """
    values = {
        name: "from-a-secret" if value is None else value
        for name, value in environment(container, objects).items()
    }
    with patch.dict(os.environ, {**values, "HOME": "/nonexistent"}, clear=True):
        return Settings()


def ports_are_those_of_the_settings(objects: list[Object]) -> Iterator[str]:
    """Every port that a process listens on is declared, and no other."""
    for pod in pods(objects):
        for container in filter(is_clearbg, pod.sidecars_and_containers if pod.runs_on else ()):
            try:
                settings = settings_of(container, objects)
            except ValidationError:
                continue  # settings_are_valid reports it
            names = PORTS.get(command(container), {})
            wanted = {name: getattr(settings, setting) for name, setting in names.items()}
            declared = {p.get("name"): p["containerPort"] for p in container.get("ports", ())}
            if declared != wanted:
                yield f"{pod.name}: declares {declared}, and listens on {wanted}"
            if settings.host != "0.0.0.0":
                yield f"{pod.name}: {container['name']} listens on {settings.host} only"


def commands_exist(objects: list[Object]) -> Iterator[str]:
    for pod in pods(objects):
        for container in filter(is_clearbg, pod.all_containers):
            if (name := command(container)) and name not in COMMANDS:
                yield f"{pod.name}: {container['name']}: there is no command `clearbg {name}`"
