"""The tables of the guide say what the code does."""

import re
from collections.abc import Iterator

from prometheus_client import REGISTRY

from gateway import errors, options
from gateway.errors import GatewayError
from gateway.observability import metrics
from gateway.settings import Settings
from tests.end_to_end.service import ROOT


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text()


def test_every_setting_is_told_with_its_default_and_meaning() -> None:
    told = re.findall(r"^\| `(CLEARBG_\w+)` \| (.*?) \| (.*) \|$", page("settings"), re.M)
    assert told == [
        (
            f"CLEARBG_{name.upper()}",
            f"`{field.default}`" if not field.default_factory and str(field.default) else "",
            " ".join((field.description or "").split()),
        )
        for name, field in Settings.model_fields.items()
    ]


def tree(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


def test_every_error_is_told_with_its_status() -> None:
    told = set(re.findall(r"^\| (\d+) \| `/problems/([\w-]+)` \| `(\w+)` \|", page("errors"), re.M))
    public = (kind for kind in tree(errors.GatewayError) if not kind.__name__.startswith("_"))
    assert told == {(str(kind.http.value), kind.slug, kind.grpc.name) for kind in public}


def test_every_metric_is_told() -> None:
    assert metrics.BUILD
    ours = {
        {"counter": f"{family.name}_total", "info": f"{family.name}_info"}.get(
            family.type, family.name
        )
        for family in REGISTRY.collect()
        if family.name.startswith("clearbg_")
    }
    assert set(re.findall(r"^\| `(clearbg_\w+)` \|", page("operations"), re.M)) == ours


def test_every_size_and_format_is_told() -> None:
    text = page("options")
    for name in (*options.SIZES, *options.Format):
        assert f"`{name}`" in text
