"""Ports for servers under test."""

from gateway.ports import free_port

__all__ = ["free_port"]
