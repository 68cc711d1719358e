"""A checker that finds nothing proves nothing: here it is shown every anomaly, and what is none."""

from checker import ANOMALIES, Seen, Sent, check

PRINT = 99


def sent(number, offset=None, producer="p", partition=0, **settings):
    return Sent(producer, number, partition, PRINT, offset, **settings)


def seen(offset, number, producer="p", fingerprint=PRINT):
    return Seen(offset, producer, number, fingerprint)


def found(*args, **kwargs):
    return set(check(*args, **kwargs).found)


HISTORY = [sent(number, number) for number in range(4)]
LOG = {0: [seen(number, number) for number in range(4)]}


def test_a_good_history():
    report = check(HISTORY, LOG, polls=[LOG])
    assert report
    assert (report.records, report.acknowledged, report.unknown) == (4, 4, 0)


def test_lost_write():
    assert found(HISTORY, {0: LOG[0][:3]}) == {"lost-write"}


def test_a_write_that_was_never_acknowledged_may_be_there_or_not():
    history = [*HISTORY, sent(4)]
    assert not found(history, LOG)
    assert not found(history, {0: [*LOG[0], seen(4, 4)]})


def test_unseen():
    history = [*HISTORY, sent(4)]
    assert found(history, LOG, polls=[{0: [*LOG[0], seen(4, 4)]}]) == {"unseen"}


def test_inconsistent_offsets_between_an_acknowledgement_and_the_log():
    history = [sent(0, 0), sent(1, 0, producer="q")]
    assert found(history, {0: [seen(0, 0), seen(1, 1, "q")]}) == {"inconsistent-offsets"}


def test_inconsistent_offsets_between_a_poll_and_the_log():
    history = [sent(0), sent(1, producer="q")]
    poll = {0: [seen(0, 0), seen(1, 1, "q")]}
    log = {0: [seen(0, 1, "q"), seen(1, 0)]}
    assert found(history, log, polls=[poll]) == {"inconsistent-offsets"}


def test_inconsistent_offsets_between_two_polls():
    history = [sent(0), sent(1, producer="q")]
    log = {0: [seen(0, 0), seen(1, 1, "q")]}
    assert found(history, log, polls=[{0: [seen(0, 0)]}, {0: [seen(0, 1, "q")]}]) == {"inconsistent-offsets"}


def test_duplicate_of_an_idempotent_producer_however_often_it_tried():
    history = [sent(0, 0, idempotent=True, attempts=3)]
    assert found(history, {0: [seen(0, 0), seen(1, 0)]}) == {"duplicate"}


def test_duplicate_that_a_plain_producer_did_not_ask_for():
    assert found([sent(0, 0)], {0: [seen(0, 0), seen(1, 0)]}) == {"duplicate"}
    assert found([sent(0, 0, attempts=2)], {0: [seen(0, 0), seen(1, 0), seen(2, 0)]}) == {"duplicate"}


def test_a_plain_producer_that_tried_twice_may_find_it_twice():
    history = [sent(0, 2, attempts=2), sent(1, 3, attempts=2)]
    assert not found(history, {0: [seen(0, 0), seen(1, 1), seen(2, 0), seen(3, 1)]})


def test_nonmonotonic_send():
    history = [sent(0, 1), sent(1, 0)]
    assert found(history, {0: [seen(0, 1), seen(1, 0)]}) == {"nonmonotonic-send"}


def test_other_producers_and_other_partitions_have_their_own_order():
    history = [sent(0, 1), sent(1, 0, producer="q"), sent(1, 0, partition=1)]
    assert not found(history, {0: [seen(0, 1, "q"), seen(1, 0)], 1: [seen(0, 1)]})


def test_a_record_that_its_producer_sent_again_behind_others():
    history = [sent(0, 1, attempts=2, overtaken=True), sent(1, 0)]
    assert not found(history, {0: [seen(0, 1), seen(1, 0)]})


def test_nonmonotonic_poll():
    assert found(HISTORY, LOG, polls=[{0: [seen(0, 0), seen(1, 1), seen(0, 0), seen(1, 1)]}]) == {"nonmonotonic-poll"}


def test_poll_skip():
    assert found(HISTORY, LOG, polls=[{0: [seen(0, 0), seen(3, 3)]}]) == {"poll-skip"}


def test_altered():
    assert found(HISTORY, {0: [*LOG[0][:3], seen(3, 3, fingerprint=PRINT + 1)]}) == {"altered"}


def test_altered_in_a_poll_only():
    assert found(HISTORY, LOG, polls=[{0: [seen(0, 0, fingerprint=PRINT + 1)]}]) == {"altered"}


def test_phantom():
    assert found(HISTORY, {0: [*LOG[0], seen(4, 77)]}) == {"phantom"}
    assert found(HISTORY, {0: [*LOG[0], seen(4, 0, producer="")]}) == {"phantom"}


def test_phantom_in_another_partition():
    assert "phantom" in found(HISTORY, {**LOG, 1: [seen(0, 3)]})


def test_hole():
    history = [sent(0, 0), sent(1, 2)]
    assert found(history, {0: [seen(0, 0), seen(2, 1)]}) == {"hole"}


def test_refused():
    assert found(HISTORY, LOG, refusals=["45 for p"]) == {"refused"}


def test_every_anomaly_has_its_test():
    source = open(__file__, encoding="utf-8").read()
    for anomaly in ANOMALIES:
        assert f'"{anomaly}"' in source and f"def test_{anomaly.replace('-', '_')}" in source, anomaly
