"""Ports for servers under test."""

from gateway.network.ports import free_port

__all__ = ["free_port"]
