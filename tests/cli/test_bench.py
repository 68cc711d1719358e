"""barnabas bench: it measures, and says what. How much is nobody's business here."""


def test_produce_consume_and_the_whole_way(barnabas, topic):
    produced = barnabas("bench", "produce", topic, "-n", "2000", "-s", "50", "-o", "json")
    assert produced.code == 0, produced.err
    assert produced.json["records"] == 2000
    assert produced.json["records_per_s"] > 0
    assert 0 < produced.json["latency_ms_p50"] <= produced.json["latency_ms_p99"] <= produced.json["latency_ms_max"]

    consumed = barnabas("bench", "consume", topic, "-n", "100000", "-o", "json")
    assert consumed.code == 0, consumed.err
    assert consumed.json["records"] == 2000

    whole_way = barnabas("bench", "e2e", topic, "-n", "20")
    assert whole_way.code == 0, whole_way.err
    assert ["RECORDS", "20"] in whole_way.rows
    assert barnabas("bench", "e2e", "no-such-topic", "-n", "1").code == 1
