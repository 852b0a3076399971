"""A download resumes where it was cut, and only a complete file gets its final name."""

from pathlib import Path

import pytest

from serving.download import DownloadError, download, redact_url
from tests.build.registry import Registry

CONTENT = bytes(range(256)) * 20_000


@pytest.fixture
def server(registry: Registry) -> Registry:
    registry.content = CONTENT
    return registry


def fetch(server: Registry, path: Path, *, pinned: bool = True) -> list[tuple[int, int]]:
    reports: list[tuple[int, int]] = []
    url = f"{server.url}/file"
    download(url, path, lambda done, total: reports.append((done, total)), pinned=pinned)
    return reports


def test_progress_is_reported_in_bytes(server: Registry, tmp_path: Path) -> None:
    reports = fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert reports[-1] == (len(CONTENT), len(CONTENT))
    assert len(reports) == 5, "a block is a megabyte"


def test_an_existing_file_is_not_requested(server: Registry, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"here")
    fetch(server, tmp_path / "file")
    assert server.ranges_requested == []


def test_broken_connections_are_reopened_for_the_rest(server: Registry, tmp_path: Path) -> None:
    server.cuts = [1_000_000, 3_000_000]
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.ranges_requested == ["", "bytes=1000000-", "bytes=3000000-"]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_connection_without_new_data_ends_the_attempt(server: Registry, tmp_path: Path) -> None:
    server.cuts = [1_000_000, 1_000_000]
    with pytest.raises(DownloadError, match="Run it again"):
        fetch(server, tmp_path / "file")
    assert not (tmp_path / "file").exists()
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.ranges_requested[-1] == "bytes=1000000-"


def test_a_server_without_ranges_sends_the_whole_file_again(
    server: Registry, tmp_path: Path
) -> None:
    server.supports_ranges, server.cuts = False, [1_000_000]
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_partial_download_of_an_unknown_version_is_dropped(
    server: Registry, tmp_path: Path
) -> None:
    """Otherwise two versions might be joined unnoticed."""
    server.cuts = [1_000_000, 1_000_000]
    with pytest.raises(DownloadError):
        fetch(server, tmp_path / "file", pinned=False)
    server.content = CONTENT[::-1]
    fetch(server, tmp_path / "file", pinned=False)
    assert (tmp_path / "file").read_bytes() == CONTENT[::-1]


def test_a_partial_download_of_another_version_is_dropped(server: Registry, tmp_path: Path) -> None:
    server.tag, server.cuts = '"one"', [1_000_000, 1_000_000]
    with pytest.raises(DownloadError):
        fetch(server, tmp_path / "file")
    server.tag, server.content = '"two"', CONTENT[::-1]
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT[::-1]


def test_a_partial_download_that_is_too_long_is_dropped(server: Registry, tmp_path: Path) -> None:
    (tmp_path / "file.partial").write_bytes(CONTENT + b"more")
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_an_error_contains_the_http_status(server: Registry, tmp_path: Path, status: int) -> None:
    server.status = status
    with pytest.raises(DownloadError, match=str(status)) as raised:
        fetch(server, tmp_path / "file")
    assert raised.value.status == status
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_server_is_reported_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"http://127\.0\.0\.1:1/file cannot") as raised:
        download(
            "http://user:secret@127.0.0.1:1/file?sig=secret", tmp_path / "f", lambda a, b: None
        )
    assert "secret" not in str(raised.value)


def test_a_password_in_the_url_is_sent_and_redacted(server: Registry, tmp_path: Path) -> None:
    url = server.url.replace("://", "://user:p%40ss@")
    download(f"{url}/file", tmp_path / "file", lambda done, total: None)
    assert server.logins == ["Basic dXNlcjpwQHNz"]
    assert redact_url(f"{url}/file?sig=1#x") == f"{server.url}/file"
