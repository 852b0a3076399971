"""The recording rules and alerts that we ship, and promtool's tests of them."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.end_to_end.service import ROOT

FOLDER = ROOT / "deploy" / "observability"
FILES = sorted((FOLDER / "rules").glob("*.yml"))
UNIT_TESTS = sorted((Path(__file__).parent / "alerts").glob("*.yml"))
RULES: list[dict[str, Any]] = [
    rule
    for file in FILES
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDS = {rule["record"] for rule in RULES if "record" in rule}


def accelerated(text: str) -> str:
    """Return rules or a configuration in which a minute takes a second.

    Every window and every `for:` becomes a sixtieth: `[5m]` `[5s]`, `for: 2m` `for: 2s`, `[1d]`
    `[24m]`. Intervals of 15 or 30 s become one second. Thresholds stay.
    """
    sixtieth = {"m": (1, "s"), "h": (1, "m"), "d": (24, "m")}

    def shorten(match: re.Match[str]) -> str:
        factor, unit = sixtieth[match[3]]
        return f"{match[1]}{int(match[2]) * factor}{unit}"

    return re.sub(r"(interval: )\d+s", r"\g<1>1s", re.sub(r"(\[|for: )(\d+)([mhd])", shorten, text))
