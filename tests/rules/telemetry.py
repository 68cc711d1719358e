"""Short words for client telemetry (KIP-714)."""

import base64
import contextlib

import otlp

from talk import NONE, until
from wire import ZERO_UUID

SET, DELETE = 0, 1
CLIENT_METRICS = 16
SOME = otlp.metrics(otlp.gauge("org.apache.kafka.some", 1.5))


def alter(client, name, validate_only=False, **configs):
    """Sets (or with None removes) configs of a subscription; its error code."""
    changes = [
        {"name": key.replace("_", "."), "config_operation": DELETE if value is None else SET, "value": value}
        for key, value in configs.items()
    ]
    resource = {"resource_type": CLIENT_METRICS, "resource_name": name, "configs": changes}
    (answer,) = client.call("IncrementalAlterConfigs", 1, {"resources": [resource], "validate_only": validate_only})["responses"]
    return answer["error_code"]


def get(client, instance=ZERO_UUID):
    return client.call("GetTelemetrySubscriptions", 0, {"client_instance_id": instance})


def push(client, told, data=SOME, compression=0, terminating=False, subscription=None):
    request = {
        "client_instance_id": told["client_instance_id"],
        "subscription_id": told["subscription_id"] if subscription is None else subscription,
        "terminating": terminating,
        "compression_type": compression,
        "metrics": data,
    }
    return client.call("PushTelemetry", 0, request)["error_code"]


@contextlib.contextmanager
def subscribed(client, metrics="*"):
    """A subscription that asks every client for these metrics."""
    assert alter(client, "all", metrics=metrics, interval_ms="100") == NONE
    try:
        yield
    finally:
        assert alter(client, "all", metrics=None, interval_ms=None) == NONE


def tells(client, *which, **more):
    """Pushes metrics as a new client instance of this connection; the instance's id as it is shown."""
    told = until(lambda: (one := get(client))["requested_metrics"] and one, "the subscription is in force")
    assert push(client, told, otlp.metrics(*which, **more)) == NONE
    return base64.urlsafe_b64encode(told["client_instance_id"].bytes).decode().rstrip("=")
