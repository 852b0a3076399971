"""Our options beside Locust's own; each may also be an environment variable."""

from argparse import ArgumentTypeError
from typing import Any

import gevent
from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.contrib.csv_request_logger import CsvRequestLogger
from locust.env import Environment

from loadtest.traffic import corpus
from loadtest.traffic.shapes import SHAPES

KINDS = {
    "http": "HttpImageUser",
    "grpc": "GrpcUser",
    "stream": "GrpcStreamUser",
    "bulk": "BulkUser",
}


def install() -> None:
    """Make Locust know them."""
    events.init_command_line_parser.add_listener(_add)
    events.init.add_listener(_apply)


def weights(text: str) -> dict[str, int]:
    """Weights by user class, from `http=4,bulk`: 4 and 1; kinds that are not named have none.

    Raises:
        ArgumentTypeError: it is no such text.
    """
    named = dict(part.partition("=")[::2] for part in text.split(","))
    try:
        if named.keys() <= KINDS.keys():
            return {
                user: int(named[kind] or 1) if kind in named else 0 for kind, user in KINDS.items()
            }
    except ValueError:
        pass
    raise ArgumentTypeError(f"{text!r} is not like http=4,bulk=1; kinds: {', '.join(KINDS)}")


def _add(parser: LocustArgumentParser) -> None:
    def option(name: str, **how: Any) -> None:
        variable = "CLEARBG_API_KEY" if name == "api-key" else f"LOCUST_{name.upper()}"
        parser.add_argument(f"--{name}", env_var=variable.replace("-", "_"), **how)

    option("api-key", default="", is_secret=True, help="Sent with every request.")
    option(
        "grpc-target",
        metavar="HOST:PORT",
        default="127.0.0.1:50051",
        help="Of the gRPC API; --host is the HTTP API's URL.",
    )
    option(
        "photo-mp",
        default="0.3,1,4",
        help="Sizes of the photos in megapixels, each as often as the others.",
    )
    option(
        "mix",
        type=weights,
        metavar="KIND=WEIGHT,…",
        include_in_web_ui=False,
        default="http=4,grpc=2,stream=1,bulk=1",
        help="How many users are of which kind.",
    )
    option(
        "arrivals",
        type=float,
        metavar="HZ",
        default=0.0,
        help="Open loop: requests a second that each user starts, whatever the answers do. "
        "Default: 0, a closed loop: the next one starts when the answer is there",
    )
    option(
        "shape",
        choices=["", *SHAPES],
        include_in_web_ui=False,
        default="",
        help="How the number of users changes during --run-time; --users is the most.",
    )
    option(
        "refusals",
        choices=["expected", "failures"],
        default="expected",
        help="What 429 and 503 with Retry-After are.",
    )
    option("bulk-images", type=int, default=4, help="Images of a bulk job.")
    option("stream-images", type=int, default=4, help="Images of a stream.")
    option(
        "requests-csv",
        metavar="FILE",
        include_in_web_ui=False,
        default="",
        help="Write a row for each request.",
    )


def _apply(environment: Environment, **_: object) -> None:
    chosen = environment.parsed_options
    if not chosen:
        return
    corpus.prepare(chosen.photo_mp)
    gevent.get_hub().loop.update_now()  # or --run-time would begin before that
    environment.host = environment.host or "http://127.0.0.1:8080"
    if not chosen.user_classes:  # named on the command line, they are as many each
        for user in environment.user_classes:
            user.weight = chosen.mix.get(user.__name__, 1)
    environment.user_classes[:] = [
        user for user in environment.user_classes if user.weight and _tagged(user, chosen)
    ]
    if chosen.shape:
        environment.shape_class = SHAPES[chosen.shape]()  # type: ignore[no-untyped-call]
        environment.shape_class.runner = environment.runner
    if chosen.csv_prefix:  # written every second, and not at the end: the last answers would lack
        environment.events.quitting.add_listener(lambda **_: gevent.sleep(1.5))
    if chosen.requests_csv:
        CsvRequestLogger(chosen.requests_csv).register(environment)


def _tagged(user: Any, chosen: Any) -> bool:
    """Locust itself leaves users without a task, which fail."""
    tags = set.union(*(getattr(task, "locust_tag_set", set()) for task in user.tasks))
    wanted, unwanted = chosen.tags or tags, chosen.exclude_tags or ()
    return bool(tags & set(wanted)) and not tags & set(unwanted)
