"""A client for both APIs: `grpc://` and `http://` URLs, or `grpcs://` and `https://` with TLS.

    with Client("grpc://127.0.0.1:50051", key="cbg_…") as client:
        cutout = client.remove(Path("photo.jpg").read_bytes(), size="1080p")
        Path("cutout.png").write_bytes(cutout.image)

It imports nothing of the service: programs that only call one load neither OpenCV nor NumPy.
"""

from gateway.client.bulk_client import AsyncBulkClient
from gateway.client.bulk_job import BulkImage, BulkJob, ItemStatus
from gateway.client.cutout import Box, Cutout
from gateway.client.image_client import AsyncClient, Client
from gateway.client.problem import Problem
from gateway.client.removal_request import RemovalOptions, RemovalRequest

__all__ = [
    "AsyncBulkClient",
    "AsyncClient",
    "Box",
    "BulkImage",
    "BulkJob",
    "Client",
    "Cutout",
    "ItemStatus",
    "Problem",
    "RemovalOptions",
    "RemovalRequest",
]
