"""Our command line options for Locust; each may also be set as an environment variable."""

from argparse import ArgumentTypeError
from collections.abc import Iterator
from typing import Any

from locust import events
from locust.argument_parser import LocustArgumentParser

from loadtest.traffic.setup import apply_options
from loadtest.traffic.shapes import SHAPES

KINDS = {
    "http": "HttpImageUser",
    "grpc": "GrpcUser",
    "stream": "GrpcStreamUser",
    "bulk": "BulkUser",
}
"""User classes, by the names for `--mix`."""

Option = tuple[str, dict[str, Any]]
"""A name, and the arguments for argparse."""


def install() -> None:
    """Register the options, and their effects, with Locust."""
    events.init_command_line_parser.add_listener(_add_options)
    events.init.add_listener(apply_options)


def weights(text: str) -> dict[str, int]:
    """Parse weights such as `http=4,bulk` (4 and 1), by user class; other kinds get 0.

    Raises:
        ArgumentTypeError: the text is malformed, or names an unknown kind.
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


def _add_options(parser: LocustArgumentParser) -> None:
    for name, arguments in (*_target_options(), *_load_options(), *_result_options()):
        variable = "CLEARBG_API_KEY" if name == "api-key" else f"LOCUST_{name.upper()}"
        parser.add_argument(f"--{name}", env_var=variable.replace("-", "_"), **arguments)


def _target_options() -> Iterator[Option]:
    yield "api-key", {"default": "", "is_secret": True, "help": "API key, sent with every request."}
    yield (
        "grpc-target",
        {
            "metavar": "HOST:PORT",
            "default": "127.0.0.1:50051",
            "help": "Address of the gRPC API; --host is the URL of the HTTP API.",
        },
    )


def _load_options() -> Iterator[Option]:
    yield (
        "photo-mp",
        {"default": "0.3,1,4", "help": "Sizes of the photos in megapixels, all equally frequent."},
    )
    yield (
        "mix",
        {
            "type": weights,
            "metavar": "KIND=WEIGHT,…",
            "include_in_web_ui": False,
            "default": "http=4,grpc=2,stream=1,bulk=1",
            "help": "Proportions of the kinds of users.",
        },
    )
    yield (
        "arrivals",
        {
            "type": float,
            "metavar": "HZ",
            "default": 0.0,
            "help": "Open loop: requests per second that each user starts, however long answers "
            "take. Default: 0, a closed loop: each request waits for the last answer",
        },
    )
    yield (
        "shape",
        {
            "choices": ["", *SHAPES],
            "include_in_web_ui": False,
            "default": "",
            "help": "How the number of users changes during --run-time; --users is the maximum.",
        },
    )
    yield "bulk-images", {"type": int, "default": 4, "help": "Images per bulk job."}
    yield "stream-images", {"type": int, "default": 4, "help": "Images per stream."}


def _result_options() -> Iterator[Option]:
    yield (
        "refusals",
        {
            "choices": ["expected", "failures"],
            "default": "expected",
            "help": "How 429 and 503 with Retry-After are counted.",
        },
    )
    yield (
        "requests-csv",
        {
            "metavar": "FILE",
            "include_in_web_ui": False,
            "default": "",
            "help": "Write a row for each request to this file.",
        },
    )
