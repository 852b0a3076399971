"""Our own client, against both transports."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from gateway.client import AsyncClient, Client, Problem
from gateway.client.retries import policy
from gateway.errors import Overloaded
from gateway.settings import Settings
from gateway.together import together
from tests.half_model import HalfModel
from tests.rest.cases import Photo, limit
from tests.rpc.listening import Listening, listening

TRANSPORTS = ["grpc", "http"]


@pytest.fixture
def service(model: HalfModel, settings: Settings) -> Iterator[Listening]:
    with listening(model, settings) as service:
        yield service


@pytest.fixture(params=TRANSPORTS)
def url(request: pytest.FixtureRequest, service: Listening) -> str:
    return service.urls[request.param]


@pytest.fixture
async def client(url: str, service: Listening) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(url, service.new_key()) as client:
        yield client


def test_all_ways_give_the_same_cutout(service: Listening, photo: Photo) -> None:
    found = []
    for url in service.urls.values():
        with Client(url, service.new_key()) as client:
            found.append(client.remove(photo(), size="32x32", crop=True, format="jpeg"))

        async def streamed(url: str = url) -> None:
            async with AsyncClient(url, service.new_key()) as client:
                asked = {"size": "32x32", "crop": True, "format": "jpeg"}
                found.append(await client.remove(photo(), **asked))  # type: ignore[arg-type]
                found.append(await client.remove_streamed(photo(), **asked))  # type: ignore[arg-type]

        asyncio.run(streamed())
    assert len(found) == 6
    for cutout in found:
        assert cutout.image == found[0].image
        assert cutout.media_type == "image/jpeg"
        assert cutout.foreground == found[0].foreground
        assert cutout.confidence == pytest.approx(found[0].confidence, abs=0.001)
        assert set(cutout.seconds) == {"decode", "queue", "infer", "compose", "encode"}


@pytest.mark.parametrize("streamed", [False, True], ids=["call", "stream"])
async def test_a_problem_says_what_to_change(client: AsyncClient, streamed: bool) -> None:
    remove = client.remove_streamed if streamed else client.remove
    with pytest.raises(Problem, match="readable JPEG") as refused:
        await remove(b"x")
    assert refused.value.slug == "bad-image"
    assert not refused.value.may_pass_later
    with pytest.raises(Problem, match="size must be"):
        await remove(b"x", size="big")
    with pytest.raises(Problem, match="format must be one of png") as refused:
        await remove(b"x", format="tiff")
    assert refused.value.slug == "bad-option"


@pytest.mark.parametrize("streamed", [False, True], ids=["call", "stream"])
async def test_a_wrong_key_is_told(url: str, photo: Photo, streamed: bool) -> None:
    async with AsyncClient(url, "cbg_wrong") as client:
        with pytest.raises(Problem) as refused:
            await (client.remove_streamed if streamed else client.remove)(photo())
    assert refused.value.slug == "invalid-key"


@pytest.mark.parametrize("streamed", [False, True], ids=["call", "stream"])
async def test_overload_is_tried_again_when_the_service_says(
    client: AsyncClient, model: HalfModel, photo: Photo, streamed: bool
) -> None:
    model.fail = Overloaded("9 images are in front of this one.", 1)
    asyncio.get_running_loop().call_later(0.5, setattr, model, "fail", None)
    started = asyncio.get_running_loop().time()
    cutout = await (client.remove_streamed if streamed else client.remove)(photo())
    assert cutout.width == 64
    assert 1 <= asyncio.get_running_loop().time() - started < 3
    assert model.calls == 2


def test_no_more_attempts_than_asked_for(
    service: Listening, model: HalfModel, photo: Photo
) -> None:
    model.fail = Overloaded("9 images are in front of this one.", 0.1)
    for url in service.urls.values():
        model.calls = 0
        with (
            Client(url, service.new_key(), attempts=2) as client,
            pytest.raises(Problem, match="in front") as refused,
        ):
            client.remove(photo())
        assert refused.value.slug == "overloaded"
        assert refused.value.retry_after_s == 1
        assert refused.value.request_id
        assert model.calls == 2


@pytest.mark.parametrize("scheme", TRANSPORTS)
def test_nobody_there_is_told(scheme: str) -> None:
    with Client(f"{scheme}://127.0.0.1:1", "k", attempts=1) as client:
        with pytest.raises(Problem) as refused:
            client.remove(b"x")
    assert refused.value.slug == "unreachable"
    assert refused.value.may_pass_later


@pytest.mark.parametrize("streamed", [False, True], ids=["call", "stream"])
async def test_an_attempt_has_an_end(
    url: str, service: Listening, model: HalfModel, photo: Photo, streamed: bool
) -> None:
    model.delay_s = 10
    async with AsyncClient(url, service.new_key(), timeout_s=0.5) as client:
        with pytest.raises(Problem) as refused:
            await (client.remove_streamed if streamed else client.remove)(photo())
    assert refused.value.slug == "deadline-exceeded"


async def test_a_stream_that_breaks_is_opened_again(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    """The service stops in the middle, and comes back on its port: nothing is lost or doubled."""
    model.delay_s = 0.05
    with listening(model, settings) as first:
        key, port = first.new_key(), first.grpc_port
        async with AsyncClient(first.urls["grpc"], key) as client:
            done = await client.remove_streamed(photo())
            names: list[int] = []

            async def one(number: int) -> bytes:
                return (await client.remove_streamed(photo())).image

            running = asyncio.create_task(collect(range(60), one, names))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(first.stop)
            assert len(names) < 60
            with listening(model, settings.model_copy(update={"grpc_port": port})):
                images = await running
    assert sorted(names) == list(range(60))
    assert set(images) == {done.image}


async def collect(
    numbers: range, work: Callable[[int], Awaitable[bytes]], names: list[int]
) -> list[bytes]:
    images = []
    async for number, image in together(numbers, work, at_once=4):
        names.append(number)
        images.append(image)
    return images


async def test_limits_slow_a_client_down_and_stop_nothing(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    """Refused by the limit of its key, it says how long to wait."""
    with listening(model, settings.model_copy(update=limit(requests=1))) as service:
        for url in service.urls.values():
            key = service.new_key()
            async with AsyncClient(url, key, attempts=1) as client:
                await client.remove(photo())
                with pytest.raises(Problem) as refused:
                    await client.remove(photo())
                assert refused.value.slug == "rate-limited"
                assert 1 <= (refused.value.retry_after_s or 0) <= 120


async def test_together_keeps_to_its_places() -> None:
    running = most = 0

    async def work(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01 * (number % 3))
        running -= 1
        return number**2

    found = {n: square async for n, square in together(range(20), work, at_once=4)}
    assert found == {n: n**2 for n in range(20)}
    assert most == 4


def test_pauses_grow_and_follow_what_is_said() -> None:
    class State:
        attempt_number = 3
        outcome = None

    wait = policy(5)["wait"]
    assert 0.8 <= wait(State()) <= 1.0


@pytest.mark.parametrize("url", ["ftp://a", "127.0.0.1:50051", "grpc://", ""])
def test_a_url_of_no_service_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="grpc://host:50051"):
        Client(url, "k")
