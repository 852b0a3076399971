"""What `locust -f` reads: four kinds of users, our options, and the shapes of load."""

from loadtest.traffic import options
from loadtest.traffic.bulk_user import BulkUser
from loadtest.traffic.grpc_users import GrpcStreamUser, GrpcUser
from loadtest.traffic.http_user import HttpImageUser

__all__ = ["BulkUser", "GrpcStreamUser", "GrpcUser", "HttpImageUser"]

options.install()
