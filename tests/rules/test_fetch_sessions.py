"""Fetch sessions (KIP-227): a client names its partitions once and then only what changes."""

import pytest

from records import batch, parse
from talk import (
    FETCH_SESSION_ID_NOT_FOUND,
    FETCH_SESSION_TOPIC_ID_ERROR,
    INVALID_FETCH_SESSION_EPOCH,
    NONE,
    accepted,
    fetch_answers,
    fetch_request,
    rule,
)

VERSIONS = range(7, 19)
FULL, SESSIONLESS = 0, -1


class Session:
    """The client's half: it counts the epochs."""

    def __init__(self, client, version):
        self.client = client
        self.version = version
        self.id = 0
        self.epoch = FULL

    def ask(self, parts=(), forgotten=(), **settings):
        settings = {"session_id": self.id, "session_epoch": self.epoch, **settings}
        wish = fetch_request(parts, version=self.version, forgotten=forgotten, **settings)
        return self.client.call("Fetch", self.version, wish)

    def fetch(self, parts=(), forgotten=()):
        """{partition: its whole batches' base offsets} of the partitions that the answer lists."""
        answer = self.ask(parts, forgotten)
        assert answer["error_code"] == NONE, answer
        assert answer["session_id"] != 0
        assert self.id in (0, answer["session_id"])
        self.id = answer["session_id"]
        self.epoch += 1
        return {
            partition: [stored.base_offset for stored in parse(one["records"] or b"")]
            for (_, partition), one in fetch_answers(answer, self.version).items()
        }


@pytest.fixture
def topic(client, make_topic):
    topic = make_topic(partitions=3)
    accepted(client, topic, batch([b"x"]), partition=1)
    return topic


@rule("V20")
@pytest.mark.parametrize("version", VERSIONS)
def test_V20_only_what_changed_is_asked_and_answered(client, topic, version):
    session = Session(client, version)
    assert session.fetch([(topic, partition, 0) for partition in range(3)]) == {0: [], 1: [0], 2: []}
    # The session's position is the client's to move: nothing new is asked, so the same batch comes again.
    assert session.fetch() == {1: [0]}
    assert session.fetch([(topic, 1, 1)]) == {}
    accepted(client, topic, batch([b"y"]), partition=2)
    assert session.fetch() == {2: [0]}
    assert session.fetch([(topic, 2, 1)]) == {}
    accepted(client, topic, batch([b"y"]), partition=0)
    accepted(client, topic, batch([b"y"]), partition=1)
    assert session.fetch(forgotten=[(topic, 0)]) == {1: [1]}


@rule("V20")
@pytest.mark.parametrize("version", VERSIONS)
def test_V20_an_unknown_session(client, topic, version):
    session = Session(client, version)
    answer = session.ask(session_id=1_234_567, session_epoch=1)
    assert (answer["error_code"], answer["session_id"], answer["responses"]) == (FETCH_SESSION_ID_NOT_FOUND, 0, [])


@rule("V20")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("step", [-1, 1, 100])
def test_V20_a_wrong_epoch(client, topic, version, step):
    session = Session(client, version)
    session.fetch([(topic, 1, 0)])
    session.fetch()
    answer = session.ask(session_epoch=session.epoch + step)
    assert (answer["error_code"], answer["responses"]) == (INVALID_FETCH_SESSION_EPOCH, [])
    # A mistake does not end the session.
    assert session.fetch() == {1: [0]}


@rule("V20")
@pytest.mark.parametrize("before, after", [(12, 13), (13, 12)])
def test_V20_a_session_keeps_to_names_or_to_ids(client, topic, before, after):
    session = Session(client, before)
    session.fetch([(topic, 1, 0)])
    session.version = after
    answer = session.ask([(topic, 1, 0)])
    assert (answer["error_code"], answer["responses"]) == (FETCH_SESSION_TOPIC_ID_ERROR, [])


@rule("V20")
@pytest.mark.parametrize("version", VERSIONS)
def test_V20_without_a_session(client, topic, version):
    session = Session(client, version)
    answer = session.ask([(topic, 1, 0)], session_epoch=SESSIONLESS)
    assert (answer["error_code"], answer["session_id"]) == (NONE, 0)
    assert len(answer["responses"]) == 1


@rule("V20")
@pytest.mark.parametrize("version", VERSIONS)
def test_V20_closing_and_replacing_a_session(client, topic, version):
    session = Session(client, version)
    session.fetch([(topic, 1, 0)])
    first = session.id
    # Epoch 0 with an old id: the old session goes, a new one comes.
    answer = session.ask([(topic, 1, 0)], session_epoch=FULL)
    assert answer["error_code"] == NONE
    assert answer["session_id"] not in (0, first)
    assert session.ask(session_epoch=1)["error_code"] == FETCH_SESSION_ID_NOT_FOUND
    # Epoch -1 with an id closes it; what is asked along with it is still answered.
    second = answer["session_id"]
    answer = session.ask([(topic, 1, 0)], session_id=second, session_epoch=SESSIONLESS)
    assert (answer["error_code"], answer["session_id"]) == (NONE, 0)
    assert session.ask(session_id=second, session_epoch=1)["error_code"] == FETCH_SESSION_ID_NOT_FOUND


@rule("V20")
@pytest.mark.parametrize("version", [7, 12, 13, 18])
def test_V20_a_session_outlives_its_connection(client, connect, topic, version):
    session = Session(connect(), version)
    session.fetch([(topic, 1, 0)])
    session.client.close()
    session.client = connect()
    assert session.fetch() == {1: [0]}


@rule("V20")
@pytest.mark.parametrize("version", [7, 12])
def test_V20_errors_are_told_each_time(client, topic, version):
    session = Session(client, version)
    answer = session.ask([(topic, 1, 0), (topic, 9, 0)])
    session.id, session.epoch = answer["session_id"], 1
    for _ in range(2):
        answer = session.ask()
        session.epoch += 1
        codes = {partition: one["error_code"] for (_, partition), one in fetch_answers(answer, version).items()}
        assert codes == {1: NONE, 9: 3}
