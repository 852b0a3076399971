"""The file for `locust -f`: four kinds of users, and our options."""

from loadtest.traffic import options
from loadtest.traffic.bulk_user import BulkUser
from loadtest.traffic.grpc_users import GrpcStreamUser, GrpcUser
from loadtest.traffic.http_user import HttpImageUser

__all__ = ["BulkUser", "GrpcStreamUser", "GrpcUser", "HttpImageUser"]

options.install()
