"""Load tests with Locust: `locust -f loadtest/traffic/locustfile.py`, or `make loadtest`."""
