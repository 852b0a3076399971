"""Prometheus rules and Grafana dashboards: README.md says how they are used."""
