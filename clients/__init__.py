"""Clients in other languages, generated from what the service says of itself."""
