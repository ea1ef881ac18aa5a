"""Dashboards as data, and what builds their JSON."""
