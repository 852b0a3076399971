"""Bulk jobs over gRPC."""
