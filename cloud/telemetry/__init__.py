"""What is measured of the backend while it runs: numbers for Prometheus, traces for an OpenTelemetry collector.

Knows nothing of jobs, pods or the database: whoever does something measures it with what stands here.
"""
