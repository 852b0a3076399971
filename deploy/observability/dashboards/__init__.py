"""Grafana dashboards, from which their JSON is generated with its positions and ids."""
