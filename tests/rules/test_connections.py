"""Thousands of clients that connect at once and then say nothing. How fast they are answered: bench/run --scenario connections."""

import contextlib
import resource
import selectors
import socket

import pytest
from talk import resident_bytes, rule
from wire import encode_request, framed

CONNECTIONS = 5_000
HELLO = framed(encode_request("ApiVersions", 0, {}, 1, "one of many"))


@pytest.fixture
def descriptors():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[1], 2 * CONNECTIONS), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def connect_all(broker, ends):
    host, port = broker.address.rsplit(":", 1)
    waiting = ends.enter_context(selectors.DefaultSelector())
    for _ in range(CONNECTIONS):
        connection = ends.enter_context(contextlib.closing(socket.socket()))
        connection.setblocking(False)
        connection.connect_ex((host, int(port)))
        waiting.register(connection, selectors.EVENT_WRITE)
    return waiting


def ask_all(waiting, connections):
    """Everybody asks and is answered."""
    for connection in connections:
        waiting.modify(connection, selectors.EVENT_WRITE)
    left = set(connections)
    while left:
        events = waiting.select(timeout=20)
        assert events, f"{len(left)} were not answered"
        for key, event in events:
            connection = key.fileobj
            if event & selectors.EVENT_WRITE:
                connection.sendall(HELLO)
                waiting.modify(connection, selectors.EVENT_READ)
            elif connection in left:
                assert connection.recv(1 << 16), "a connection was closed"
                left.remove(connection)


@rule("D1")
def test_D1_five_thousand_connections(broker, client, make_topic, descriptors):
    """All are answered, each keeps at most 4 KiB of memory, and who comes later is served as before."""
    topic = make_topic()
    before = resident_bytes(broker)
    with contextlib.ExitStack() as ends:
        waiting = connect_all(broker, ends)
        connections = [key.fileobj for key in waiting.get_map().values()]
        ask_all(waiting, connections)
        assert broker.name != "barnabas" or resident_bytes(broker) - before < CONNECTIONS * 4096
        reply = client.call("Metadata", 9, {"topics": [{"name": topic.name}]})
        assert [one["error_code"] for one in reply["topics"]] == [0]
        ask_all(waiting, connections)
