"""What a caller of our own API asks for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.errors import BadImage, BadOption
from gateway.options import Options, parse
from gateway.orders.sent import File, Sent
from gateway.orders.sources import Names

IMAGE = Names(file="image", b64="image_b64", url="image_url")
BACKDROP = Names(file="bg_image")


@dataclass(frozen=True)
class Order:
    """One image, and what to do with it."""

    options: Options
    image: File
    backdrop: File | None
    said: dict[str, str] = field(default_factory=dict)
    """Headers that the answer has because of what was asked."""


Load = Callable[[Sent, Names], Awaitable[File | None]]
"""Finds the file that was sent, or named, in some fields; see `sources.load`."""


def check_background(options: Options, *, has_backdrop: bool) -> None:
    """A colour and a picture cannot both lie behind.

    Raises:
        BadOption: they are both there.
    """
    if has_backdrop and options.bg_color:
        raise BadOption("bg_color", "Send bg_color or bg_image, not both.")


async def read(sent: Sent, load: Load) -> Order:
    """Understand what was sent.

    Raises:
        BadOption, BadImage, BadRequest, BadUrl, ImageTooLarge: the caller's to mend.
    """
    options = parse(sent.fields)
    backdrop = await load(sent, BACKDROP)
    check_background(options, has_backdrop=backdrop is not None)
    image = await load(sent, IMAGE)
    if image is None:
        raise BadImage(
            "Send an image: a file in the field `image` (with curl: -F image=@photo.jpg), "
            "or base64 text in `image_b64`."
        )
    return Order(options, image, backdrop)
