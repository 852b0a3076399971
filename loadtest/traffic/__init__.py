"""Locust's load tests: `locust -f loadtest/traffic/locustfile.py`, or `make loadtest`."""
