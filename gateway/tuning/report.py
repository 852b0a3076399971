"""The results of a sweep, as a table, as sentences, and as a settings file."""

from collections.abc import Iterator, Mapping

from rich.table import Table

from gateway.tuning.comparison import Comparison, compare_with_default, recommend
from gateway.tuning.config import TRITON_NAMES, Config
from gateway.tuning.sweep import MIN_ROUNDS, Point, Sweep, pareto_front

PBTXT = {
    "max_batch_size": "max_batch_size: {}",
    "queue_delay_us": "dynamic_batching {{ max_queue_delay_microseconds: {} }}",
    "instances": "instance_group [ {{ count: {} }} ]",
}
"""The lines of the model's configuration for the settings of Triton."""
COLUMNS = (
    "",
    "images/s",
    "p50 s",
    "p95 s",
    "refused",
    "queue s",
    "compute s",
    "mean batch",
    "front",
)


def table(sweep: Sweep) -> Table:
    """Return a row for every point; times in Triton are means per image."""
    rows = Table(*COLUMNS, title="One knob at a time")
    front = pareto_front(sweep.points)
    for point in sweep.points:
        mark = "*" * (point in front)
        rows.add_row(point.config.describe(sweep.default), *_cells(point), mark)
    return rows


def _cells(point: Point) -> Iterator[str]:
    measured = point.measurement
    yield f"{measured.images_s:.2f}"
    yield from (f"{seconds:.2f}" for seconds in (measured.p50_s, measured.p95_s))
    yield str(measured.refused or "")
    has_statistics = bool(measured.batches)
    times_s = (measured.queue_s, measured.compute_s)
    yield from (f"{seconds:.2f}" * has_statistics for seconds in times_s)
    yield f"{measured.mean_batch:.1f}" * has_statistics


def explain(sweep: Sweep, timeout_s: float) -> list[str]:
    """Return sentences that say what is recommended, and why.

    Args:
        sweep: a finished one.
        timeout_s: the service's request timeout, with which the queue is compared.
    """
    comparisons = compare_with_default(sweep.repeats, sweep.default)
    chosen = recommend(comparisons, sweep.default)
    sentences = [_headline(sweep, chosen, comparisons)]
    for comparison in comparisons:
        outcome = "better" if comparison.is_better else "not better by more than noise"
        rounds = len(sweep.repeats[comparison.config])
        sentences.append(
            f"{comparison.config.describe(sweep.default)}: images/s {comparison.throughput}, "
            f"promptness (1/p95) {comparison.promptness}, {rounds} rounds: {outcome}."
        )
    sentences.append(_queue_sentence(sweep, timeout_s))
    for config, reason in sweep.skipped:
        sentences.append(f"Not measured: {config.describe(sweep.default)}: {reason}.")
    return sentences


def _headline(sweep: Sweep, chosen: Comparison | None, comparisons: list[Comparison]) -> str:
    if chosen:
        return f"Recommended: {chosen.config.describe(sweep.default)}."
    if comparisons:
        return "Recommended: the default; what seemed better in the sweep was noise when repeated."
    if sweep.repeats or sweep.rounds < MIN_ROUNDS or sweep.skipped:
        return (
            f"Recommended: the default; a gain cannot be distinguished from noise with fewer than "
            f"{MIN_ROUNDS} repeats. Run the command again with a larger --budget-s to resume."
        )
    return "Recommended: the default; nothing had a higher throughput or a lower p95, even once."


def _queue_sentence(sweep: Sweep, timeout_s: float) -> str:
    """Apply Little's law: the last image of a full queue waits for all others."""
    images_s = sweep.points[0].measurement.images_s
    in_time = max(1, int(images_s * timeout_s))
    places = sweep.default.max_queue
    return (
        f"CLEARBG_MAX_QUEUE={places}: at {images_s:.2f} images/s, the last one waits "
        f"{places / images_s:.0f} s; {in_time} are done within "
        f"CLEARBG_REQUEST_TIMEOUT_S={timeout_s:g}."
    )


def settings_file(chosen: Config, default: Config, sentences: list[str], config_file: str) -> str:
    """Return lines for the environment, with the sentences and Triton's settings as comments.

    Args:
        chosen: the recommended configuration.
        default: the current one.
        sentences: the explanation.
        config_file: the file of the model repository that Triton reads; "" without Triton.
    """
    lines = [f"# {sentence}" for sentence in sentences]
    variables = {
        name: f"CLEARBG_{name.upper()}={value}"
        for name, value in vars(chosen).items()
        if name not in TRITON_NAMES
    }
    lines += _with_old_values(variables, chosen, default)
    if config_file:
        lines.append(f"# In {config_file}:")
        triton = {name: "# " + PBTXT[name].format(getattr(chosen, name)) for name in TRITON_NAMES}
        lines += _with_old_values(triton, chosen, default)
    return "\n".join(lines) + "\n"


def _with_old_values(lines: Mapping[str, str], chosen: Config, default: Config) -> Iterator[str]:
    """Yield the lines, each changed value preceded by a comment with the old one."""
    for name, line in lines.items():
        if name in chosen.changes(default):
            yield f"# was {getattr(default, name)}"
        yield line
