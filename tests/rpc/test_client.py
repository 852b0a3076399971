"""The Python client for single images, over both transports."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from tenacity import AsyncRetrying

from gateway.client import AsyncClient, Client, Problem, RemovalOptions, retries
from gateway.errors import Overloaded
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.listening import Listening, listening
from tests.rest.cases import Photo, limit
from tests.waiting import until

TRANSPORTS = ["grpc", "http"]


@pytest.fixture(params=TRANSPORTS)
def url(request: pytest.FixtureRequest, service: Listening) -> str:
    return service.urls[request.param]


@pytest.fixture
async def client(url: str, service: Listening) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(url, service.new_key()) as client:
        yield client


def test_all_transports_and_calls_return_the_same_cutout(service: Listening, photo: Photo) -> None:
    cutouts = []
    for url in service.urls.values():
        with Client(url, service.new_key()) as client:
            cutouts.append(client.remove(photo(), size="32x32", crop=True, format="jpeg"))

        async def streamed(url: str = url) -> None:
            async with AsyncClient(url, service.new_key()) as client:
                options = {"size": "32x32", "crop": True, "format": "jpeg"}
                cutouts.append(await client.remove(photo(), **options))  # type: ignore[arg-type]
                cutouts.append(await client.remove_streamed(photo(), **options))  # type: ignore[arg-type]

        asyncio.run(streamed())
    assert len(cutouts) == 6
    for cutout in cutouts:
        assert cutout.image == cutouts[0].image
        assert cutout.media_type == "image/jpeg"
        assert cutout.foreground == cutouts[0].foreground
        assert cutout.confidence == pytest.approx(cutouts[0].confidence, abs=0.001)
        assert set(cutout.seconds) == {"decode", "queue", "infer", "compose", "encode"}


@pytest.mark.parametrize("streamed", [False, True], ids=["call", "stream"])
async def test_a_problem_names_what_to_change(client: AsyncClient, streamed: bool) -> None:
    remove = client.remove_streamed if streamed else client.remove
    with pytest.raises(Problem, match="readable JPEG") as raised:
        await remove(b"x")
    assert raised.value.slug == "bad-image"
    assert not raised.value.is_retryable
    with pytest.raises(Problem, match="size must be"):
        await remove(b"x", size="big")
    with pytest.raises(Problem, match="format must be one of png") as raised:
        await remove(b"x", format="tiff")
    assert raised.value.slug == "bad-option"


@pytest.mark.parametrize("streamed", [False, True], ids=["call", "stream"])
async def test_a_wrong_key_is_rejected(url: str, photo: Photo, streamed: bool) -> None:
    async with AsyncClient(url, "cbg_wrong") as client:
        with pytest.raises(Problem) as raised:
            await (client.remove_streamed if streamed else client.remove)(photo())
    assert raised.value.slug == "invalid-key"


@pytest.mark.parametrize("streamed", [False, True], ids=["call", "stream"])
async def test_overload_is_retried_after_the_time_that_the_service_gives(
    client: AsyncClient,
    model: HalfModel,
    photo: Photo,
    streamed: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model.fail = Overloaded("9 images are in front of this one.", 1)
    pauses_s: list[float] = []

    async def pause(seconds: float) -> None:
        pauses_s.append(seconds)
        model.fail = None

    monkeypatch.setattr(retries, "AsyncRetrying", partial(AsyncRetrying, sleep=pause))
    cutout = await (client.remove_streamed if streamed else client.remove)(photo())
    assert cutout.width == 64
    (pause_s,) = pauses_s
    assert 1 <= pause_s < 3
    assert model.calls == 2


def test_no_more_attempts_are_made_than_configured(
    service: Listening, model: HalfModel, photo: Photo
) -> None:
    model.fail = Overloaded("9 images are in front of this one.", 0.1)
    for url in service.urls.values():
        model.calls = 0
        with (
            Client(url, service.new_key(), attempts=2) as client,
            pytest.raises(Problem, match="in front") as raised,
        ):
            client.remove(photo())
        assert raised.value.slug == "overloaded"
        assert raised.value.retry_after_s == 1
        assert raised.value.request_id
        assert model.calls == 2


@pytest.mark.parametrize("scheme", TRANSPORTS)
def test_an_unreachable_service_is_reported(scheme: str) -> None:
    with Client(f"{scheme}://127.0.0.1:1", "k", attempts=1) as client:
        with pytest.raises(Problem) as raised:
            client.remove(b"x")
    assert raised.value.slug == "unreachable"
    assert raised.value.is_retryable


@pytest.mark.parametrize("streamed", [False, True], ids=["call", "stream"])
async def test_an_attempt_times_out(
    url: str, service: Listening, model: HalfModel, photo: Photo, streamed: bool
) -> None:
    model.delay_s = 600
    async with AsyncClient(url, service.new_key(), timeout_s=0.5) as client:
        with pytest.raises(Problem) as raised:
            await (client.remove_streamed if streamed else client.remove)(photo())
    assert raised.value.slug == "deadline-exceeded"


async def test_a_rate_limit_reports_how_long_to_wait(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    with listening(model, settings.model_copy(update=limit(requests=1))) as service:
        for url in service.urls.values():
            key = service.new_key()
            async with AsyncClient(url, key, attempts=1) as client:
                await client.remove(photo())
                with pytest.raises(Problem) as raised:
                    await client.remove(photo())
                assert raised.value.slug == "rate-limited"
                assert 1 <= (raised.value.retry_after_s or 0) <= 120


@pytest.mark.parametrize("scheme", TRANSPORTS)
@pytest.mark.parametrize("key", ["cbg_x\n", "é"])
def test_a_malformed_key_is_rejected_without_being_quoted(scheme: str, key: str) -> None:
    with pytest.raises(ValueError, match="API key") as raised:
        Client(f"{scheme}://127.0.0.1:1", key)
    assert "cbg" not in str(raised.value)


@pytest.mark.parametrize("shadow", [100 / 3, 1e-5, 40])
@pytest.mark.parametrize("crop", [False, True])
async def test_option_values_mean_the_same_over_both_transports(
    service: Listening, photo: Photo, shadow: float, crop: bool
) -> None:
    images = set()
    for url in service.urls.values():
        async with AsyncClient(url, service.new_key()) as client:
            images.add((await client.remove(photo(), shadow=shadow, crop=crop)).image)
    assert len(images) == 1


async def test_corrections_and_edge_controls_mean_the_same_over_both_transports(
    service: Listening, model: HalfModel, photo: Photo
) -> None:
    options: list[RemovalOptions] = [
        {"mask": photo(20, 20), "expand": "-2px", "feather": "1%"},
        {"trimap": photo(64, 48), "smooth": "3", "threshold": 100 / 3},
        {"keep": "0 0 9px 9px", "erase": "50% 0% 60% 9%", "invert": True},
    ]
    for each in options:
        cutouts = []
        for url in service.urls.values():
            async with AsyncClient(url, service.new_key()) as client:
                cutouts.append(await client.remove(photo(), **each))
        assert cutouts[0].image == cutouts[1].image != photo()
        assert {cutout.device for cutout in cutouts} == {"none" if "mask" in each else "cpu"}
        assert ("infer" in cutouts[0].seconds) is ("mask" not in each)
    assert model.calls == 4


def test_an_unknown_option_is_rejected(service: Listening) -> None:
    for url in service.urls.values():
        with Client(url, "k") as client:
            with pytest.raises(TypeError, match="no option sise"):
                client.remove(b"x", sise="4k")  # type: ignore[call-arg]
            with pytest.raises(TypeError, match="image must be bytes"):
                client.remove("photo.jpg")  # type: ignore[arg-type]
            with pytest.raises(TypeError, match="mask must be bytes"):
                client.remove(b"x", mask="mask.png")  # type: ignore[arg-type]


async def test_closing_the_client_fails_the_calls_in_progress(
    url: str, service: Listening, model: HalfModel, photo: Photo
) -> None:
    model.most = 0
    client = AsyncClient(url, service.new_key())
    calls = (client.remove, client.remove_streamed)
    tasks = [asyncio.create_task(call(photo())) for call in calls]
    await until(lambda: model.calls == 2)
    await client.close()
    for outcome in await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 50):
        assert isinstance(outcome, Problem), outcome
    with pytest.raises(Problem, match="closed"):
        await client.remove(photo())


async def test_a_response_that_is_not_the_services_is_a_problem() -> None:
    responses = ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"] + [
        f"HTTP/1.1 500 X\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{body}"
        for body in ("[]", "{x")
    ]
    for response in responses:
        async with answering(response) as url, AsyncClient(url, "k", attempts=1) as client:
            with pytest.raises(Problem):
                await client.remove(b"x")


@asynccontextmanager
async def answering(response: str) -> AsyncIterator[str]:
    """Run a server that answers every request with the same bytes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"--\r\n")
        writer.write(response.encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("url", ["ftp://a", "127.0.0.1:50051", "grpc://", ""])
def test_a_url_that_is_not_a_services_is_rejected(url: str) -> None:
    with pytest.raises(ValueError, match="grpc://host:50051"):
        Client(url, "k")
