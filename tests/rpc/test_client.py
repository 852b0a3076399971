"""Our own client, against both transports."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from gateway.client import AsyncClient, Client, Problem
from gateway.errors import Overloaded
from gateway.settings import Settings
from gateway.together import together
from tests.half_model import HalfModel
from tests.listening import Listening, listening
from tests.rest.cases import Photo, limit

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
    assert model.calls <= 1 + 60 + 8  # those under way when it stopped may be done twice


async def collect(
    numbers: range, work: Callable[[int], Awaitable[bytes]], names: list[int]
) -> list[bytes]:
    images = []
    async for number, image in together(numbers, work, at_once=4):
        names.append(number)
        images.append(image)
    return images


async def test_a_limit_says_how_long_to_wait(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    with listening(model, settings.model_copy(update=limit(requests=1))) as service:
        for url in service.urls.values():
            key = service.new_key()
            async with AsyncClient(url, key, attempts=1) as client:
                await client.remove(photo())
                with pytest.raises(Problem) as refused:
                    await client.remove(photo())
                assert refused.value.slug == "rate-limited"
                assert 1 <= (refused.value.retry_after_s or 0) <= 120


@pytest.mark.parametrize("scheme", TRANSPORTS)
@pytest.mark.parametrize("key", ["cbg_x\n", "é"])
def test_a_key_that_is_none_is_told_without_being_quoted(scheme: str, key: str) -> None:
    with pytest.raises(ValueError, match="API key") as refused:
        Client(f"{scheme}://127.0.0.1:1", key)
    assert "cbg" not in str(refused.value)


@pytest.mark.parametrize("shadow", [100 / 3, 1e-5, 40])
@pytest.mark.parametrize("crop", [False, True])
async def test_values_mean_the_same_on_both(
    service: Listening, photo: Photo, shadow: float, crop: bool
) -> None:
    found = set()
    for url in service.urls.values():
        async with AsyncClient(url, service.new_key()) as client:
            found.add((await client.remove(photo(), shadow=shadow, crop=crop)).image)
    assert len(found) == 1


def test_an_option_that_is_none_is_told(service: Listening) -> None:
    for url in service.urls.values():
        with Client(url, "k") as client:
            with pytest.raises(TypeError, match="no option sise"):
                client.remove(b"x", sise="4k")  # type: ignore[call-arg]
            with pytest.raises(TypeError, match="image must be bytes"):
                client.remove("photo.jpg")  # type: ignore[arg-type]


async def test_one_caller_who_gives_up_leaves_the_stream_to_the_others(
    service: Listening, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 0.2
    async with AsyncClient(service.urls["grpc"], service.new_key(), attempts=1) as client:
        tasks = [asyncio.create_task(client.remove_streamed(photo())) for _ in range(12)]
        await asyncio.sleep(0.1)
        tasks[10].cancel()
        tasks[0].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome).__name__ for outcome in done].count("CancelledError") == 2
    assert [type(outcome).__name__ for outcome in done].count("Cutout") == 10


async def test_an_image_that_the_service_does_not_read_fails_alone(
    service: Listening, photo: Photo
) -> None:
    """Its message is over the limit of gRPC itself, which ends the stream."""
    async with AsyncClient(service.urls["grpc"], service.new_key(), attempts=2) as client:
        images = [photo()] * 4 + [b"1" * 4_000_000] + [photo()] * 4
        done = await asyncio.gather(
            *(client.remove_streamed(image) for image in images), return_exceptions=True
        )
    failed = [outcome for outcome in done if isinstance(outcome, Exception)]
    assert len(failed) == 1
    assert isinstance(done[4], Problem)
    assert done[4].slug == "resource-exhausted"


async def test_a_closed_client_ends_what_is_under_way(
    url: str, service: Listening, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 5
    client = AsyncClient(url, service.new_key())
    tasks = [asyncio.create_task(ask(photo())) for ask in (client.remove, client.remove_streamed)]
    await asyncio.sleep(0.2)
    await client.close()
    for outcome in await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 3):
        assert isinstance(outcome, Problem), outcome
    with pytest.raises(Problem, match="closed"):
        await client.remove(photo())


async def test_what_is_no_answer_of_ours_is_a_problem() -> None:
    bodies = ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"] + [
        f"HTTP/1.1 500 X\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{body}"
        for body in ("[]", "{x")
    ]
    for body in bodies:
        async with answering(body) as url, AsyncClient(url, "k", attempts=1) as client:
            with pytest.raises(Problem):
                await client.remove(b"x")


@asynccontextmanager
async def answering(text: str) -> AsyncIterator[str]:
    """A server that answers everything with the same bytes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"--\r\n")
        writer.write(text.encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("url", ["ftp://a", "127.0.0.1:50051", "grpc://", ""])
def test_a_url_of_no_service_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="grpc://host:50051"):
        Client(url, "k")
