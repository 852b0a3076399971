"""What a sweep has found, for people and for files."""

from collections.abc import Iterator, Mapping

from rich.table import Table

from gateway.tuning.config import TRITON, Config
from gateway.tuning.sweep import FEWEST_ROUNDS, Point, Sweep, front
from gateway.tuning.verdict import Verdict, judge, recommended

PBTXT = {
    "max_batch_size": "max_batch_size: {}",
    "queue_delay_us": "dynamic_batching {{ max_queue_delay_microseconds: {} }}",
    "instances": "instance_group [ {{ count: {} }} ]",
}
"""Of Triton's own settings, the lines of the model's configuration."""
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
    """Every point; times in Triton are means of an image."""
    made = Table(*COLUMNS, title="One knob at a time")
    best = front(sweep.points)
    for point in sweep.points:
        made.add_row(point.config.told(sweep.default), *_figures(point), "*" * (point in best))
    return made


def _figures(point: Point) -> Iterator[str]:
    seen = point.seen
    yield f"{seen.images_s:.2f}"
    yield from (f"{seconds:.2f}" for seconds in (seen.p50_s, seen.p95_s))
    yield str(seen.refused or "")
    timed = bool(seen.batches)
    yield from (f"{seconds:.2f}" * timed for seconds in (seen.queue_s, seen.compute_s))
    yield f"{seen.mean_batch:.1f}" * timed


def reasons(sweep: Sweep, timeout_s: float) -> list[str]:
    """Sentences: what is recommended, and why.

    Args:
        sweep: a finished one.
        timeout_s: the service's deadline, which long queues are compared with.
    """
    verdicts = judge(sweep.repeats, sweep.default)
    chosen = recommended(verdicts, sweep.default)
    said = [_headline(sweep, chosen, verdicts)]
    for verdict in verdicts:
        word = "better" if verdict.better else "not better by more than noise"
        said.append(
            f"{verdict.config.told(sweep.default)}: images/s {verdict.throughput}, promptness "
            f"(1/p95) {verdict.promptness}, {len(sweep.repeats[verdict.config])} rounds: {word}."
        )
    said.append(_queue(sweep, timeout_s))
    for config, why in sweep.left_out:
        said.append(f"Not measured: {config.told(sweep.default)}: {why}.")
    return said


def _headline(sweep: Sweep, chosen: Verdict | None, verdicts: list[Verdict]) -> str:
    if chosen:
        return f"Recommended: {chosen.config.told(sweep.default)}."
    if verdicts:
        return "Recommended: the default; what seemed better in the sweep was noise when repeated."
    if sweep.repeats or sweep.rounds < FEWEST_ROUNDS or sweep.left_out:
        return (
            f"Recommended: the default; there were not {FEWEST_ROUNDS} repeats, without which a "
            "gain cannot be told from noise. A larger --budget-s goes on from here."
        )
    return "Recommended: the default; nothing was faster or prompter, even once."


def _queue(sweep: Sweep, timeout_s: float) -> str:
    """Little's law: the last of so many waits as long as all of them take."""
    images_s = sweep.points[0].seen.images_s
    fit = max(1, int(images_s * timeout_s))
    places = sweep.default.max_queue
    return (
        f"CLEARBG_MAX_QUEUE={places}: at {images_s:.2f} images/s, the last of them waits "
        f"{places / images_s:.0f} s; {fit} are done within CLEARBG_REQUEST_TIMEOUT_S={timeout_s:g}."
    )


def settings_file(chosen: Config, default: Config, said: list[str], config_file: str) -> str:
    """Lines for the environment, Triton's knobs as comments, and the reasons on top.

    Args:
        chosen: what is recommended.
        default: what is so already.
        said: the reasons.
        config_file: the file of the model repository that Triton reads; "" without Triton.
    """
    lines = [f"# {sentence}" for sentence in said]
    ours = {name: value for name, value in vars(chosen).items() if name not in TRITON}
    lines += _marked({n: f"CLEARBG_{n.upper()}={v}" for n, v in ours.items()}, chosen, default)
    if config_file:
        lines.append(f"# In {config_file}:")
        knobs = {name: "# " + PBTXT[name].format(getattr(chosen, name)) for name in TRITON}
        lines += _marked(knobs, chosen, default)
    return "\n".join(lines) + "\n"


def _marked(lines: Mapping[str, str], chosen: Config, default: Config) -> Iterator[str]:
    """Say of each line that changes something what was there before."""
    for name, line in lines.items():
        if name in chosen.changes(default):
            yield f"# was {getattr(default, name)}"
        yield line
