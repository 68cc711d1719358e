import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

// The Java client as a compatibility program. Modes, arguments and output are those of all the
// programs (../README.md); what record i is stands in ../../records.py.
public class Compat {
  static final byte[] POOL = pool();

  public static void main(String[] argv) throws Exception {
    Map<String, String> args = new HashMap<>();
    for (String arg : argv) {
      int equals = arg.indexOf('=');
      if (equals > 0) args.put(arg.substring(0, equals), arg.substring(equals + 1));
    }
    switch (argv[0]) {
      case "produce" -> produce(args);
      case "consume" -> consume(args);
      case "share" -> share(args);
      case "admin" -> admin(args);
      default -> throw new IllegalArgumentException("no mode " + argv[0]);
    }
  }

  // Records.

  static byte[] pool() {
    byte[] pool = new byte[8192];
    int s = 1;
    for (int k = 0; k < pool.length; k++) {
      s = (s * 1103515245 + 12345) & 0x7fffffff;
      pool[k] = (byte) (s >> 16);
    }
    return pool;
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static byte[] key(int i) {
    if (i % 7 == 0) return null;
    if (i % 11 == 0) return new byte[0];
    return utf8("key-" + i % 1000);
  }

  static byte[] value(int i) {
    if (i % 13 == 0) return null;
    if (i % 17 == 0) return new byte[0];
    byte[] head = utf8("record-" + i + "-");
    int size = 60 + i % 61;
    byte[] value = Arrays.copyOf(head, head.length + size);
    System.arraycopy(POOL, (int) (37L * i % 8000), value, head.length, size);
    return value;
  }

  static long timestamp(int i, long t0) {
    return t0 + i - (i % 10 == 3 ? 1000 : 0);
  }

  static List<Header> headers(int i) {
    byte[] number = utf8(Integer.toString(i));
    return switch (i % 5) {
      case 0 -> List.of();
      case 1 -> List.of(new RecordHeader("index", number));
      case 2 -> List.of(new RecordHeader("twice", utf8("first")), new RecordHeader("twice", utf8("second")));
      case 3 ->
          List.of(
              new RecordHeader("twice", number),
              new RecordHeader("between", (byte[]) null),
              new RecordHeader("twice", new byte[0]));
      default ->
          List.of(
              new RecordHeader("größe", Arrays.copyOfRange(POOL, i % 256, i % 256 + 8)),
              new RecordHeader("nothing", new byte[0]));
    };
  }

  // What a consumer saw: per partition the offsets and a digest.

  static class Summary {
    final MessageDigest digest = sha256();
    long first = -1;
    long last;
    int count;

    static MessageDigest sha256() {
      try {
        return MessageDigest.getInstance("SHA-256");
      } catch (java.security.NoSuchAlgorithmException e) {
        throw new AssertionError(e);
      }
    }

    void add(ConsumerRecord<byte[], byte[]> record) throws IOException {
      if (count++ == 0) first = record.offset();
      last = record.offset();
      ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
      DataOutputStream out = new DataOutputStream(bytes);
      out.writeLong(record.timestamp());
      write(out, record.key());
      write(out, record.value());
      Header[] headers = record.headers().toArray();
      out.writeInt(headers.length);
      for (Header header : headers) {
        write(out, utf8(header.key()));
        write(out, header.value());
      }
      digest.update(bytes.toByteArray());
    }

    static void write(DataOutputStream out, byte[] bytes) throws IOException {
      out.writeInt(bytes == null ? -1 : bytes.length);
      if (bytes != null) out.write(bytes);
    }

    String json(int partition) {
      StringBuilder hex = new StringBuilder();
      for (byte b : digest.digest()) hex.append(String.format("%02x", b));
      return String.format(
          "{\"partition\":%d,\"first\":%d,\"last\":%d,\"count\":%d,\"sha256\":\"%s\"}",
          partition, first, last, count, hex);
    }
  }

  static void say(String json) {
    System.out.println(json);
    System.out.flush();
  }

  static void awaitOrder() throws IOException {
    int c = System.in.read();
    while (c != -1 && c != '\n') c = System.in.read();
  }

  // Modes.

  static void produce(Map<String, String> args) throws Exception {
    int from = Integer.parseInt(args.get("from"));
    int to = Integer.parseInt(args.get("to"));
    int pause = Integer.parseInt(args.getOrDefault("pause", "-1"));
    int partitions = Integer.parseInt(args.get("partitions"));
    long t0 = Long.parseLong(args.get("t0"));
    Properties config = new Properties();
    config.put("bootstrap.servers", args.get("brokers"));
    config.put("compression.type", args.get("codec"));
    config.put("reconnect.backoff.max.ms", "200");
    AtomicReference<Exception> failure = new AtomicReference<>();
    try (var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (int i = from; i < to; i++) {
        if (i == pause) {
          producer.flush();
          say("{\"event\":\"paused\"}");
          awaitOrder();
        }
        var record =
            new ProducerRecord<>(
                args.get("topic"), i % partitions, timestamp(i, t0), key(i), value(i), headers(i));
        producer.send(record, (metadata, exception) -> failure.compareAndSet(null, exception));
      }
      producer.flush();
    }
    if (failure.get() != null) throw failure.get();
    say("{\"event\":\"done\",\"produced\":" + (to - from) + "}");
  }

  static KafkaConsumer<byte[], byte[]> consumer(Map<String, String> args) {
    Properties config = new Properties();
    config.put("bootstrap.servers", args.get("brokers"));
    config.put("auto.offset.reset", "earliest");
    config.put("enable.auto.commit", "false");
    config.put("reconnect.backoff.max.ms", "200");
    config.put("heartbeat.interval.ms", "500");
    if (args.containsKey("group")) {
      config.put("group.id", args.get("group"));
      config.put("group.protocol", "classic");
    }
    return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  static void consume(Map<String, String> args) throws Exception {
    String topic = args.get("topic");
    int wanted = Integer.parseInt(args.get("count"));
    int partitions = Integer.parseInt(args.get("partitions"));
    Map<Integer, Summary> summaries = new TreeMap<>();
    int count = 0;
    try (var consumer = consumer(args)) {
      if (args.containsKey("group")) {
        consumer.subscribe(List.of(topic));
      } else {
        List<TopicPartition> all = new ArrayList<>();
        for (int p = 0; p < partitions; p++) all.add(new TopicPartition(topic, p));
        consumer.assign(all);
        consumer.seekToBeginning(all);
      }
      while (count < wanted) {
        for (var record : consumer.poll(Duration.ofMillis(500))) {
          if (count == wanted) break;
          summaries.computeIfAbsent(record.partition(), p -> new Summary()).add(record);
          count++;
        }
      }
      if (args.containsKey("group")) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        summaries.forEach((p, s) -> offsets.put(new TopicPartition(topic, p), new OffsetAndMetadata(s.last + 1)));
        consumer.commitSync(offsets);
      }
    }
    String each =
        summaries.entrySet().stream().map(e -> e.getValue().json(e.getKey())).collect(Collectors.joining(","));
    say("{\"event\":\"done\",\"count\":" + count + ",\"partitions\":[" + each + "]}");
  }

  static void share(Map<String, String> args) throws Exception {
    Map<Integer, Integer> received = new TreeMap<>();
    Set<Integer> assigned = null;
    try (var consumer = consumer(args)) {
      Thread leaver =
          new Thread(
              () -> {
                try {
                  awaitOrder();
                } catch (IOException e) {
                  // The end of input is an order too.
                }
                consumer.wakeup();
              });
      leaver.setDaemon(true);
      leaver.start();
      consumer.subscribe(List.of(args.get("topic")));
      while (true) {
        var records = consumer.poll(Duration.ofMillis(200));
        Set<Integer> now = new TreeSet<>();
        for (TopicPartition partition : consumer.assignment()) now.add(partition.partition());
        if (!now.equals(assigned)) {
          assigned = now;
          say("{\"event\":\"assigned\",\"partitions\":" + now + "}");
        }
        for (var record : records) received.merge(record.partition(), 1, Integer::sum);
        if (!records.isEmpty()) say("{\"event\":\"received\",\"counts\":" + json(received) + "}");
      }
    } catch (WakeupException leave) {
      say("{\"event\":\"left\"}");
    }
  }

  static String json(Map<Integer, Integer> counts) {
    return counts.entrySet().stream()
        .map(e -> "\"" + e.getKey() + "\":" + e.getValue())
        .collect(Collectors.joining(",", "{", "}"));
  }

  // Creates a topic, grows it, deletes it; says after each step how many partitions it sees.
  static void admin(Map<String, String> args) throws Exception {
    String topic = args.get("topic");
    Properties config = new Properties();
    config.put("bootstrap.servers", args.get("brokers"));
    try (Admin admin = Admin.create(config)) {
      admin.createTopics(List.of(new NewTopic(topic, 3, (short) 1))).all().get();
      int created = awaitPartitions(admin, topic, 3);
      String again = "none";
      try {
        admin.createTopics(List.of(new NewTopic(topic, 3, (short) 1))).all().get();
      } catch (java.util.concurrent.ExecutionException e) {
        again = e.getCause().getClass().getSimpleName();
      }
      admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(5))).all().get();
      int grown = awaitPartitions(admin, topic, 5);
      String shrunk = "none";
      try {
        admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(2))).all().get();
      } catch (java.util.concurrent.ExecutionException e) {
        shrunk = e.getCause().getClass().getSimpleName();
      }
      boolean listed = admin.listTopics().names().get().contains(topic);
      admin.deleteTopics(List.of(topic)).all().get();
      while (admin.listTopics().names().get().contains(topic)) Thread.onSpinWait();
      String gone = "none";
      try {
        describe(admin, topic);
      } catch (java.util.concurrent.ExecutionException e) {
        gone = e.getCause().getClass().getSimpleName();
      }
      say(
          String.format(
              "{\"event\":\"done\",\"created\":%d,\"again\":\"%s\",\"grown\":%d,\"shrunk\":\"%s\","
                  + "\"listed\":%b,\"gone\":\"%s\"}",
              created, again, grown, shrunk, listed, gone));
    }
  }

  // A broker may learn of a change a moment after the controller confirmed it.
  static int awaitPartitions(Admin admin, String topic, int wanted) throws Exception {
    while (true) {
      try {
        if (describe(admin, topic) == wanted) return wanted;
      } catch (java.util.concurrent.ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) throw e;
      }
    }
  }

  static int describe(Admin admin, String topic) throws Exception {
    TopicDescription description = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
    description.partitions().forEach(p -> {
      if (p.leader() == null || p.replicas().size() != 1 || p.isr().size() != 1)
        throw new AssertionError("partition without its one replica: " + p);
    });
    return description.partitions().size();
  }
}
