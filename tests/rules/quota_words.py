"""Short words for client quotas."""


def quota(client, entity, *ops, version=1, validate_only=False):
    """entity: {type: name}; ops: (key, value), None to remove. Returns the error code."""
    entry = {
        "entity": [{"entity_type": kind, "entity_name": name} for kind, name in entity.items()],
        "ops": [{"key": key, "value": value or 0.0, "remove": value is None} for key, value in ops],
    }
    request = {"entries": [entry], "validate_only": validate_only}
    (answer,) = client.call("AlterClientQuotas", version, request)["entries"]
    return answer["error_code"]
