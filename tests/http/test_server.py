"""What the HTTP server answers, and that nothing about it stops the broker."""

import socket

from conftest import Http
from records import batch
from syncs import injected
from talk import create_topic, produce, until
from wire import Client


def test_alive_and_ready(web):
    for path in ("/livez", "/readyz"):
        answer = web.ask(path)
        assert (answer.status, answer.text) == (200, "ok\n"), path


def test_a_broker_whose_disks_failed_is_alive_and_not_ready(start_broker):
    broker = start_broker()
    web = Http(broker)
    with Client(broker.address) as client:
        topic = create_topic(client, "doomed")
        assert web.ask("/readyz").status == 200
        with injected(broker, "error=EIO"):
            assert produce(client, topic, batch([b"x"]))["error_code"] != 0
            answer = web.ask("/readyz")
    assert (answer.status, answer.text) == (503, "every log directory has failed\n")
    assert web.scrape().one("barnabas_ready") == 0
    assert web.ask("/livez").status == 200


def test_what_is_not_there_and_what_is_not_allowed(web):
    assert web.ask("/nothing").status == 404
    refused = web.ask("/metrics", "DELETE")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")
    assert web.ask("/metrics", "POST", "x=1").status == 400
    head = web.ask("/metrics", "HEAD")
    assert head.status == 200 and head.text == "" and int(head.headers["Content-Length"]) > 1000
    assert web.ask("/").text.split() == ["/metrics", "/livez", "/readyz"]


def test_metrics_say_what_they_are(web):
    assert web.ask("/metrics?name=x").headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_garbage_ends_its_connection_only(broker, web):
    with socket.create_connection(("127.0.0.1", web.port), timeout=20) as odd:
        odd.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        assert odd.recv(100).startswith(b"HTTP/1.1 400 ")
        until(lambda: odd.recv(1000) == b"", "the connection ends")
    assert web.ask("/livez").status == 200


def test_a_head_without_an_end_is_refused(web):
    with socket.create_connection(("127.0.0.1", web.port), timeout=20) as endless:
        endless.sendall(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 2000)
        assert endless.recv(100).startswith(b"HTTP/1.1 400 ")


def test_connections_are_limited_and_come_back(start_broker):
    broker = start_broker()
    web = Http(broker)
    held = []
    try:

        def full():
            held.append(socket.create_connection(("127.0.0.1", web.port), timeout=20))
            held[-1].sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                return held[-1].recv(100) == b""
            except ConnectionResetError:
                return True

        until(full, "one too many is closed")
        assert len(held) == 65
        with Client(broker.address) as client:  # whose listener has limits of its own
            assert client.call("Metadata", 12, {"topics": []})["topics"] == []
    finally:
        for connection in held:
            connection.close()
    until(lambda: works(web), "there is room again")


def works(web):
    try:
        return web.ask("/livez").status == 200
    except OSError:  # still refused
        return False


def test_a_port_that_is_taken_is_a_warning(start_broker):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        broker = start_broker({"barnabas.http.listener": f"127.0.0.1:{taken.getsockname()[1]}"})
        log = broker.log_of_this_start()
        assert "warn  http not served" in log and "http=off" in log
        with Client(broker.address) as client:
            assert client.call("ApiVersions", 3, {"client_software_name": "t", "client_software_version": "1"})["error_code"] == 0
        broker.stop()


def test_no_listener_when_none_is_wanted(start_broker):
    broker = start_broker({"barnabas.http.listener": ""})
    assert "http=off" in broker.log_of_this_start()
    assert "warn" not in broker.log_of_this_start()


def test_the_broker_stops_with_a_scraper_connected(start_broker):
    broker = start_broker()
    with socket.create_connection(("127.0.0.1", Http(broker).port), timeout=20) as idle:
        idle.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /")
        assert idle.recv(100).startswith(b"HTTP/1.1 200 ")
        broker.stop()
