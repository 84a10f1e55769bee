"""Counters and timings in Prometheus' form, each registry its own so that two bots in one process do not mix.

Metric names are declared here, once, with their labels; a name that is not declared is a programming error.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "messages": ("Messages taken from the queue, by what became of them", ("outcome",)),
    "findings": ("Reports of findings, by what they changed", ("change", "source")),
    "ignored": ("Events that hold no finding, by reason", ("reason",)),
    "quarantined": ("Messages set aside, by reason", ("reason",)),
    "undeleted": ("Messages that the queue would not delete", ()),
    "said": ("Things said in Slack, by kind and outcome", ("outcome", "kind")),
    "requests": ("Requests from Slack, by verb and outcome", ("outcome", "verb")),
    "failures": ("Unexpected errors caught by a loop, by where", ("where",)),
    "store_down": ("Times that receiving stopped for the database", ()),
}
_GAUGES: dict[str, str] = {
    "receiving": "1 while messages are taken from the queue",
    "backlog": "Rows of the outbox that wait",
    "oldest_seconds": "Age of the oldest row that waits",
    "socket_connected": "1 while Slack is connected",
}
_TIMES: dict[str, str] = {
    "batch_seconds": "From a received batch to its commit",
    "ack_seconds": "From a request of Slack's to its acknowledgement",
    "say_seconds": "One call that says something in Slack",
}
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class PrometheusMetrics:
    """The Metrics port on a registry of its own; `page()` is what `/metrics` answers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters = {
            name: Counter(f"secbot_{name}", text, labels, registry=self.registry)
            for name, (text, labels) in _COUNTERS.items()
        }
        self._gauges = {name: Gauge(f"secbot_{name}", text, registry=self.registry) for name, text in _GAUGES.items()}
        self._times = {
            name: Histogram(f"secbot_{name}", text, registry=self.registry, buckets=_BUCKETS)
            for name, text in _TIMES.items()
        }
        self._totals: dict[str, dict[str, int]] = {}

    def count(self, name: str, n: int = 1, **labels: str) -> None:
        counter = self._counters[name]
        (counter.labels(**labels) if labels else counter).inc(n)
        first = next(iter(labels.values()), "")
        totals = self._totals.setdefault(name, {})
        totals[first] = totals.get(first, 0) + n

    def gauge(self, name: str, value: float, **labels: str) -> None:
        del labels  # no gauge has any
        self._gauges[name].set(value)

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        del labels  # no timing has any: one path each
        self._times[name].observe(seconds)

    def totals(self, name: str) -> Mapping[str, int]:
        return MappingProxyType(self._totals.get(name, {}))

    def page(self) -> bytes:
        """The registry in Prometheus' text format."""
        return generate_latest(self.registry)
