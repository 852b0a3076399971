"""What is checked of rendered objects: every public function here lists the problems it finds."""

from collections.abc import Callable, Iterator
from inspect import getmembers, isfunction

from tests.kubernetes.checks import (
    autoscaling,
    network_policies,
    pods,
    prometheus,
    references,
    resources,
    routes,
    schemas,
    security,
    services,
    settings,
)
from tests.kubernetes.objects import Object

Check = Callable[[list[Object]], Iterator[str]]

MODULES = (
    *(autoscaling, network_policies, pods, prometheus, references, resources),
    *(routes, schemas, security, services, settings),
)
CHECKS: dict[str, Check] = {
    name: function
    for module in MODULES
    for name, function in getmembers(module, isfunction)
    if function.__module__ == module.__name__
    and function.__annotations__ == {"objects": list[Object], "return": Iterator[str]}
}
"""All checks, by their names."""
