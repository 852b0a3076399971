"""Grafana dashboards, as Python that writes their JSON: the grid and the ids make themselves."""
