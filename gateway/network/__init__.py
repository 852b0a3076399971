"""Listening ports, TLS, and outbound HTTP requests."""
