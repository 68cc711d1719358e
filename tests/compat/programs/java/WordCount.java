import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.StateRestoreListener;
import org.apache.kafka.streams.state.Stores;

// Counts words with Kafka Streams: every word of the lines of topic `input` goes through a repartition topic to a store
// in memory with a changelog, and each new count to topic `output` (a string and a long).
//
//   WordCount count brokers=... application=... input=... output=... directory=...
//
// It runs until the next line of input. Events, one JSON object a line: {"event":"running"} each time all threads have
// their tasks, {"event":"restored","partition":0,"records":17} for what came back of the changelog, {"event":"closed"}.
public class WordCount {
  public static void main(String[] argv) throws IOException {
    Map<String, String> args = new HashMap<>();
    for (String arg : argv) {
      int equals = arg.indexOf('=');
      if (equals > 0) args.put(arg.substring(0, equals), arg.substring(equals + 1));
    }
    KafkaStreams streams = new KafkaStreams(topology(args).build(), config(args));
    streams.setGlobalStateRestoreListener(new Restored());
    streams.setUncaughtExceptionHandler(
        failure -> {
          failure.printStackTrace();
          System.exit(1);
          return null;
        });
    streams.setStateListener(
        (now, before) -> {
          if (now == KafkaStreams.State.RUNNING) say("{\"event\":\"running\"}");
        });
    streams.start();
    awaitOrder();
    if (!streams.close(Duration.ofSeconds(30))) throw new AssertionError("does not close");
    say("{\"event\":\"closed\"}");
  }

  static StreamsBuilder topology(Map<String, String> args) {
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(args.get("input"), Consumed.with(Serdes.ByteArray(), Serdes.String()))
        .flatMapValues(line -> Arrays.asList(line.split(" ")))
        .groupBy((key, word) -> word, Grouped.with(Serdes.String(), Serdes.String()))
        .count(
            Materialized.<String, Long>as(Stores.inMemoryKeyValueStore("counts"))
                .withKeySerde(Serdes.String())
                .withValueSerde(Serdes.Long()))
        .toStream()
        .to(args.get("output"), Produced.with(Serdes.String(), Serdes.Long()));
    return builder;
  }

  static Properties config(Map<String, String> args) {
    Properties config = new Properties();
    config.put("application.id", args.get("application"));
    config.put("bootstrap.servers", args.get("brokers"));
    config.put("state.dir", args.get("directory"));
    config.put("num.stream.threads", "2");
    // Who comes back after a crash takes its old place at once.
    config.put("group.instance.id", "one");
    // Every count is seen, not only the last before a commit.
    config.put("statestore.cache.max.bytes", "0");
    config.put("commit.interval.ms", "100");
    config.put("repartition.purge.interval.ms", "100");
    config.put("consumer.auto.offset.reset", "earliest");
    config.put("reconnect.backoff.max.ms", "200");
    return config;
  }

  static class Restored implements StateRestoreListener {
    @Override
    public void onRestoreStart(TopicPartition partition, String store, long first, long end) {}

    @Override
    public void onBatchRestored(TopicPartition partition, String store, long last, long count) {}

    @Override
    public void onRestoreEnd(TopicPartition partition, String store, long count) {
      say("{\"event\":\"restored\",\"partition\":" + partition.partition() + ",\"records\":" + count + "}");
    }
  }

  static synchronized void say(String json) {
    System.out.println(json);
    System.out.flush();
  }

  static void awaitOrder() throws IOException {
    int c = System.in.read();
    while (c != -1 && c != '\n') c = System.in.read();
  }
}
