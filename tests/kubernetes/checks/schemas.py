"""Strict schemas: of Kubernetes' own objects in three versions, and of custom resources."""

import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

from jsonschema_rs import Draft202012Validator, Registry

from tests.kubernetes.objects import Object, label
from tests.kubernetes.rendering import TOOLS

VERSIONS = ("1.35", "1.36", "1.37")
"""The releases of Kubernetes that get fixes."""
CUSTOM = ("gateway.networking.k8s.io/", "keda.sh/", "monitoring.coreos.com/")
"""API groups of the custom resources that we use: Gateway API, KEDA, the Prometheus operator."""
DEFINITIONS = "urn:kubernetes:/api/_definitions.json"


def objects_fit_their_schemas(objects: list[Object]) -> Iterator[str]:
    for thing in objects:
        if not thing["apiVersion"].startswith(CUSTOM):
            for version in VERSIONS:
                for error in _validator(version, *_names(thing)).iter_errors(thing):
                    path = "/".join(map(str, error.instance_path))
                    yield f"{label(thing)} in {version}: {path}: {error.message}"


def custom_resources_fit_their_schemas(objects: list[Object]) -> Iterator[str]:
    custom = [thing for thing in objects if thing["apiVersion"].startswith(CUSTOM)]
    done = subprocess.run(
        ["node", "crds.mjs"], cwd=TOOLS, input=json.dumps(custom), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    yield from json.loads(done.stdout)


def _names(thing: Object) -> tuple[str, str]:
    """Return an object's kind and version as the schemas' files are named: deployment, apps-v1."""
    version = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", thing["apiVersion"])
    return thing["kind"].lower(), version


@cache
def _validator(version: str, kind: str, api_version: str) -> Draft202012Validator:
    schema = _schema(version, f"{kind}-{api_version}.json")
    return Draft202012Validator(schema, registry=_registry(version), base_uri=DEFINITIONS)


@cache
def _registry(version: str) -> Registry:
    return Registry([(DEFINITIONS, _schema(version, "_definitions.json"))])


def _schema(version: str, name: str) -> Any:
    folder = resources.files("kubernetes_validate") / "kubernetes-json-schema"
    return json.loads((folder / f"v{version}.0-local-strict" / name).read_text())
