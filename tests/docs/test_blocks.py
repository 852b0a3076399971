"""Every block of code in the README and the guide runs, or is marked, with a reason."""

import json
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml

from gateway.settings import Settings
from tests.docs import blocks, terminal
from tests.docs.blocks import NODE, PARSED, PYTHON, RUN, SHELL, SHOWN, Block
from tests.end_to_end.service import Service, running

pytestmark = pytest.mark.real
PAGES_THAT_RUN = [
    name
    for name in blocks.PAGES
    if any(b.language in RUN and not b.reason for b in blocks.of_page(name))
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    settings = {"webhook_networks": "127.0.0.0/8", "rate_limit_requests_per_minute": 0}
    with running(folder, mask_cache_mb=64, **settings) as service:
        yield service


def ids(block: Block) -> str:
    return block.where


def test_every_block_is_of_a_known_kind() -> None:
    for block in blocks.all_blocks():
        assert block.language in RUN | PARSED | SHOWN, block.where
        names = {word.partition("=")[0] for word in block.words}
        assert names <= {"not-run", "fails", "file"}, block.where
        if "not-run" in names:
            assert block.reason in blocks.REASONS, block.where


def test_every_reason_is_used() -> None:
    assert {block.reason for block in blocks.all_blocks()} - {""} == set(blocks.REASONS)


@pytest.mark.parametrize("page", PAGES_THAT_RUN)
def test_the_blocks_of_a_page_run(page: str, service: Service, tmp_path: Path) -> None:
    runs = [b for b in blocks.of_page(page) if b.language in RUN and not b.reason]
    terminal.run(runs, tmp_path, service)


@pytest.mark.parametrize("block", [b for b in blocks.all_blocks() if b.reason], ids=ids)
def test_a_marked_block_has_no_syntax_error(block: Block, tmp_path: Path) -> None:
    if block.language == PYTHON:
        compile(block.text, block.where, "exec")
        return
    assert block.language in (SHELL, NODE), block.where
    file = tmp_path / f"block.{'mjs' if block.language == NODE else 'sh'}"
    file.write_text(block.text)
    command = ["node", "--check"] if block.language == NODE else ["bash", "-n"]
    subprocess.run([*command, str(file)], check=True)


@pytest.mark.parametrize("block", [b for b in blocks.all_blocks() if b.language in PARSED], ids=ids)
def test_a_fragment_can_be_parsed(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    match block.language:
        case "json":
            json.loads(block.text)
        case "yaml":
            assert yaml.safe_load(block.text)
        case "toml":
            assert tomllib.loads(block.text)
        case "promql":
            for line in block.text.splitlines():
                promql_parser.parse(line)
        case "env":
            settings = dict(line.split("=", 1) for line in block.text.splitlines() if line)
            known = {f"CLEARBG_{name.upper()}" for name in Settings.model_fields}
            assert {name for name in settings if name.startswith("CLEARBG_")} <= known
            for name, value in settings.items():
                monkeypatch.setenv(name, value)
            Settings()
