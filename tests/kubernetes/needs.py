"""Which connections the processes need, by their settings, and the others that are out there."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from gateway.settings import Settings
from tests.kubernetes.checks.settings import settings_of
from tests.kubernetes.objects import (
    Object,
    Pod,
    backing,
    command,
    environment,
    is_clearbg,
    named,
    of_kind,
    pods,
    selects,
)
from tests.kubernetes.reachability import Flow, Party, Port

PROXIES = ("gateways", "envoy-gateway-system")
"""Namespaces of the Gateway API's proxies: that of the routes' Gateway, and Envoy Gateway's."""
INTERNET = ("internet", "internet, IPv6")
WEB = (Port(80), Port(443))
POSTGRESQL, VALKEY, S3, OTLP = 5432, 6379, 8333, 4318
DNS = (Port(53, "UDP"), Port(53))

OUTSIDERS = [
    *(Party(name, WEB, namespace=name) for name in PROXIES),
    Party("dns", (*DNS, Port(9153)), {"k8s-app": "kube-dns"}, "kube-system"),
    Party("another pod beside the DNS", DNS, namespace="kube-system"),
    Party("stores", (Port(POSTGRESQL), Port(VALKEY), Port(S3), Port(22)), namespace="stores"),
    Party("monitoring", (Port(9090), Port(OTLP)), namespace="monitoring"),
    Party("a pod of others", (*WEB, *DNS, Port(POSTGRESQL), Port(8001)), namespace="default"),
    Party("internet", (*WEB, Port(25), Port(POSTGRESQL)), address="203.0.113.7"),
    Party("internet, IPv6", (*WEB, Port(25)), address="2001:db8::7"),
    Party("private network", (*WEB, Port(POSTGRESQL)), address="10.20.30.40"),
    Party("private network, IPv6", WEB, address="fd00::7"),
    Party("metadata of the cloud", WEB, address="169.254.169.254"),
]
"""Each has ports that our processes use, and some that nobody needs."""


def needed_flows(objects: list[Object]) -> set[Flow]:
    """Return the connections that the settings, the routes and the monitors ask for."""
    return {*_outgoing(objects), *_callers(objects), *_scrapes(objects)}


def _outgoing(objects: list[Object]) -> Iterator[Flow]:
    for pod in pods(objects):
        for container in filter(is_clearbg, pod.containers):
            if command(container) == "triton":
                continue  # it only answers
            settings = settings_of(container, objects)
            for port in DNS:
                yield Flow(pod.name, "dns", port.number, port.protocol)
            yield from _to_stores(pod, container, settings, objects)
            yield from _to_triton(pod, settings, objects)
            if _calls_the_internet(command(container), settings):
                yield from (Flow(pod.name, name, p.number) for name in INTERNET for p in WEB)
            if settings.otlp_url:
                yield Flow(pod.name, "monitoring", urlsplit(settings.otlp_url).port or 0)


def _to_stores(
    pod: Pod, container: Object, settings: Settings, objects: list[Object]
) -> Iterator[Flow]:
    if settings.database_url:
        yield Flow(pod.name, "stores", POSTGRESQL)
    counts = settings.rate_limit_url and command(container) == "serve"
    if counts or settings.mask_cache_url:
        yield Flow(pod.name, "stores", VALKEY)
    if settings.bulk_storage_url.startswith("s3://"):
        url = environment(container, objects)["AWS_ENDPOINT_URL"]
        yield Flow(pod.name, "stores", urlsplit(url or "").port or 0)


def _to_triton(pod: Pod, settings: Settings, objects: list[Object]) -> Iterator[Flow]:
    host, _, port = settings.triton.partition(":")
    if port:
        service = named(objects, "Service", host)
        assert service, f"{pod.name}: no Service {host}"
        yield from (Flow(pod.name, behind.name, int(port)) for behind in backing(service, objects))


def _calls_the_internet(runs: str, settings: Settings) -> bool:
    """Return whether a process sends webhooks, or fetches image URLs."""
    runs_jobs = runs == "worker" or settings.bulk_work == "here"
    sends = settings.webhooks == "on" and runs_jobs
    return runs in ("serve", "worker") and (sends or settings.image_urls == "on")


def _callers(objects: list[Object]) -> Iterator[Flow]:
    for pod in pods(objects):
        if any(command(container) == "serve" for container in filter(is_clearbg, pod.containers)):
            for proxy in PROXIES:
                yield Flow(proxy, pod.name, pod.ports["http"])
                yield Flow(proxy, pod.name, pod.ports["grpc"])


def _scrapes(objects: list[Object]) -> Iterator[Flow]:
    """Prometheus reads what monitors name; where there are none, annotations or people may."""
    for pod in pods(objects):
        monitors = [
            m for m in of_kind(objects, "PodMonitor") if selects(m["spec"]["selector"], pod.labels)
        ]
        for monitor in monitors:
            for endpoint in monitor["spec"]["podMetricsEndpoints"]:
                if pod.runs_on:
                    yield Flow("monitoring", pod.name, pod.ports[endpoint["port"]])
        if pod.runs_on and not of_kind(objects, "PodMonitor"):
            yield Flow("monitoring", pod.name, pod.ports["operations"])
