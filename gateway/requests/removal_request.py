"""What a caller of our own API requests."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.errors import BadImage, BadOption
from gateway.options import Options
from gateway.options import parse as parse_options
from gateway.options.variants import naming_variant
from gateway.requests.image_sources import Names
from gateway.requests.payload import File, Payload

IMAGE = Names(file="image", b64="image_b64", url="image_url")
BACKDROP = Names(file="bg_image")
MASK = Names(file="mask", b64="mask_b64")
TRIMAP = Names(file="trimap", b64="trimap_b64")


@dataclass(frozen=True)
class RemovalRequest:
    """One image, and what to do with it."""

    options: Options
    image: File
    backdrop: File | None = None
    mask: File | None = None
    trimap: File | None = None
    answer_headers: dict[str, str] = field(default_factory=dict)
    """Headers that the answer has because of what was requested."""


Load = Callable[[Payload, Names], Awaitable[File | None]]
"""Returns the file that some fields carry or name; see `Execution.load`."""


def check_background(options: Options, *, has_backdrop: bool) -> None:
    """Reject a colour together with a picture behind the foreground.

    Raises:
        BadOption: there are both, for some result.
    """
    for number, each in options.numbered:
        with naming_variant(number):
            if has_backdrop and each.bg_color:
                raise BadOption("bg_color", "Send bg_color or bg_image, not both.")


async def parse(payload: Payload, load: Load) -> RemovalRequest:
    """Parse the options and load the images.

    Raises:
        BadOption, BadImage, BadRequest, BadUrl, ImageTooLarge: the request must be changed.
    """
    options = parse_options(payload.fields)
    backdrop = await load(payload, BACKDROP)
    check_background(options, has_backdrop=backdrop is not None)
    image = await load(payload, IMAGE)
    if image is None:
        raise BadImage(
            "Send an image: a file in the field `image` (with curl: -F image=@photo.jpg), "
            "or base64 text in `image_b64`."
        )
    mask, trimap = await load(payload, MASK), await load(payload, TRIMAP)
    return RemovalRequest(options, image, backdrop, mask, trimap)
