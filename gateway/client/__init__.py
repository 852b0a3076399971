"""A client for both APIs: `grpc://` and `http://` URLs, or `grpcs://` and `https://` with TLS.

with Client("grpc://127.0.0.1:50051", key="cbg_…") as client:
cutout = client.remove(Path("photo.jpg").read_bytes(), size="1080p")
Path("cutout.png").write_bytes(cutout.image)
"""

from gateway.client.bulk import AsyncBulkClient
from gateway.client.bulk_job import BulkImage, BulkJob
from gateway.client.client import AsyncClient, Client
from gateway.client.cutout import Cutout
from gateway.client.problem import Problem
from gateway.client.query import Asked, Query

__all__ = [
    "Asked",
    "AsyncBulkClient",
    "AsyncClient",
    "BulkImage",
    "BulkJob",
    "Client",
    "Cutout",
    "Problem",
    "Query",
]
