"""Traces of a request through API, workflow, activities and gateways, for OpenTelemetry."""
