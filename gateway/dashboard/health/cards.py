"""The readings in words: one card a subject, each with a sentence that says what is the case."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from gateway import problems
from gateway.dashboard import words
from gateway.dashboard.health.readings import ModelReading, Readings, StoreReading

FEW_FREE, TOO_FEW_FREE = 0.15, 0.05
"""Shares of the disk below which the alerts warn and page; see deploy/observability/rules."""
LONG_WAIT_S = 900.0
"""Age of a waiting bulk job above which operators should look."""

REJECTIONS = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
"""Statuses by which requests are rejected that were correct."""

REASONS = {
    "queue": "the model's queue was too long to finish in time",
    "pixels": "too many megapixels were in flight",
    "bytes": "too many bytes of uploads were in flight",
    "places": "too many uploads, streams or watchers were open",
    "rate limit": "a key had used up its limits",
}
"""What each label of the metric `clearbg_refusals` means."""


class Level(StrEnum):
    """How good it is."""

    GOOD = "good"
    WARNING = "warning"
    DANGER = "danger"


@dataclass(frozen=True)
class Card:
    """One subject."""

    title: str
    level: Level
    sentence: str
    facts: tuple[tuple[str, str], ...] = ()
    """Names and values."""


def cards(now: Readings) -> list[Card]:
    """Return the cards, the most important ones first."""
    return [
        *(_model(each, now) for each in now.models),
        _refusals(now),
        _memory(now),
        _bulk(now),
        _disk(now),
        _database(now.database),
        _limits(now),
    ]


def overall(shown: list[Card]) -> Card:
    """Return the worst card: its level and sentence sum up the page."""
    order = list(Level)
    return max(shown, key=lambda card: order.index(card.level))


def _model(model: ModelReading, now: Readings) -> Card:
    level, sentence = _who_computes(model, now)
    return Card(f"Model {model.name}", level, sentence, tuple(_model_facts(model)))


def _who_computes(model: ModelReading, now: Readings) -> tuple[Level, str]:
    if model.failing_since is None:
        if not now.uses_triton:
            return Level.GOOD, "The CPU of this process computes the masks."
        return Level.GOOD, f"Triton answers, {words.device(model.health.device)}."
    why = f"because Triton has not answered since {words.moment(model.failing_since)}."
    if model.health.device:
        return Level.WARNING, f"Images go to the CPU {why}"
    return Level.DANGER, f"Images are rejected with 503 {why}"


def _model_facts(model: ModelReading) -> Iterator[tuple[str, str]]:
    queue, precision = model.queue, words.precision(model.health.model_version, model.weights)
    yield "Weights", model.weights or "not known"
    yield "Precision", precision or "not known yet"
    yield "Images in the queue", str(queue.interactive)
    yield "Of bulk jobs", str(queue.bulk)
    if queue.wait_s:
        yield "Wait for a new image", words.duration(queue.wait_s)
    if model.seconds_per_image is not None:
        yield "Time per image", words.duration(model.seconds_per_image)


def _refusals(now: Readings) -> Card:
    recent = {
        slug: count
        for slug, count in now.recent_errors.items()
        if problems.error_class(slug).http in REJECTIONS
    }
    rejected = words.count(sum(recent.values()), "request was", "requests were")
    facts = [(problems.error_class(slug).title, str(count)) for slug, count in recent.items()]
    since = words.moment(now.started_at) if now.started_at else "the start"
    if now.refusals:
        facts.append((f"This process, since {since}", str(sum(now.refusals.values()))))
    facts += [(f"– {REASONS.get(by, by)}", str(count)) for by, count in now.refusals.items()]
    sentence = f"{rejected} rejected in the last hour."
    return Card("Rejected requests", Level.GOOD, sentence, tuple(facts))


def _memory(now: Readings) -> Card:
    share = max(now.pixels / now.max_pixels, now.upload_bytes / now.max_upload_bytes)
    level = Level.WARNING if share > 0.9 else Level.GOOD
    sentence = f"Requests that run use {share:.0%} of the memory for them."
    pixels = f"{now.pixels / 1e6:.1f} of {now.max_pixels / 1e6:g} megapixels"
    uploads = f"{words.size(now.upload_bytes)} of {words.size(now.max_upload_bytes)}"
    return Card("Memory", level, sentence, (("Images", pixels), ("Uploads and answers", uploads)))


def _bulk(now: Readings) -> Card:
    if now.workers is None:
        return Card("Bulk jobs", Level.DANGER, "Jobs cannot be read: the database does not answer.")
    running = words.count(now.workers, "process runs", "processes run")
    if not now.bulk_waiting:
        level = Level.GOOD if now.workers else Level.WARNING
        return Card("Bulk jobs", level, f"No job waits. {running} bulk jobs.")
    waiting = words.count(now.bulk_waiting, "job waits", "jobs wait")
    oldest = words.duration(now.bulk_waiting_s)
    is_late = not now.workers or now.bulk_waiting_s > LONG_WAIT_S
    level = Level.WARNING if is_late else Level.GOOD
    return Card("Bulk jobs", level, f"{waiting}, the oldest for {oldest}. {running} bulk jobs.")


def _disk(now: Readings) -> Card:
    share = now.disk_free_bytes / now.disk_bytes
    level = Level.GOOD
    sentence = f"{share:.0%} of the data folder's disk is free."
    if share < TOO_FEW_FREE:
        level, sentence = Level.DANGER, f"{sentence} Once it is full, bulk jobs and keys fail."
    elif share < FEW_FREE:
        level = Level.WARNING
    free = f"{words.size(now.disk_free_bytes)} of {words.size(now.disk_bytes)}"
    return Card("Disk", level, sentence, (("Free", free),))


def _database(store: StoreReading) -> Card:
    if store.answer_s is None:
        sentence = f"{store.name} does not answer: only keys used lately are known."
        return Card("Database", Level.DANGER, sentence)
    return Card(
        "Database", Level.GOOD, f"{store.name} answers in {words.duration(store.answer_s)}."
    )


def _limits(now: Readings) -> Card:
    store, title = now.limits_store, "Rate limits"
    facts = (("Failed calls since the start", str(now.limits_failures)),)
    if store.name == "memory":
        return Card(title, Level.GOOD, "This process counts by itself, in memory.")
    if store.answer_s is not None:
        sentence = f"{store.name} answers in {words.duration(store.answer_s)}."
        return Card(title, Level.GOOD, sentence, facts)
    passes = now.limits_fail == "open"
    then = "all requests pass." if passes else "all requests are rejected with 503."
    level = Level.WARNING if passes else Level.DANGER
    return Card(title, level, f"{store.name} does not answer: {then}", facts)
