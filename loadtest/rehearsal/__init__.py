"""Restart, kill, scale and upgrade the parts of a service under load: `make rehearsal`."""
