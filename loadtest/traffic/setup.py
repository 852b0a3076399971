"""What our options do before a run: photos, users, the shape of the load, and results."""

from typing import Any

import gevent
from locust.contrib.csv_request_logger import CsvRequestLogger
from locust.env import Environment

from loadtest.traffic import corpus
from loadtest.traffic.shapes import SHAPES


def apply_options(environment: Environment, **_: object) -> None:
    """Prepare an environment as its options say; a listener for Locust's `init` event."""
    options = environment.parsed_options
    if not options:
        return
    corpus.prepare(options.photo_mp)
    gevent.get_hub().loop.update_now()  # else --run-time would include the preparation
    environment.host = environment.host or "http://127.0.0.1:8080"
    if not options.user_classes:  # classes named on the command line get equal weights
        for user in environment.user_classes:
            user.weight = options.mix.get(user.__name__, 1)
    environment.user_classes[:] = [
        user for user in environment.user_classes if user.weight and _has_task(user, options)
    ]
    if options.shape:
        environment.shape_class = SHAPES[options.shape]()  # type: ignore[no-untyped-call]
        environment.shape_class.runner = environment.runner
    if options.csv_prefix:  # Locust writes it every second, but not at the end: wait once more
        environment.events.quitting.add_listener(lambda **_: gevent.sleep(1.5))
    if options.requests_csv:
        CsvRequestLogger(options.requests_csv).register(environment)


def _has_task(user: Any, options: Any) -> bool:
    """Return whether the tags leave a user a task: Locust keeps users without one, which fail."""
    tags = set.union(*(getattr(task, "locust_tag_set", set()) for task in user.tasks))
    wanted, unwanted = options.tags or tags, options.exclude_tags or ()
    return bool(tags & set(wanted)) and not tags & set(unwanted)
