"""How the tests call remove.bg's route."""

from io import BytesIO
from typing import Any

import httpx
from PIL import Image

URL = "/v1.0/removebg"


async def remove(
    client: httpx.AsyncClient, image: bytes, headers: Any = None, **fields: Any
) -> httpx.Response:
    answer = await client.post(URL, files={"image_file": image}, data=fields, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def opened(answer: httpx.Response) -> Image.Image:
    return Image.open(BytesIO(answer.content))
