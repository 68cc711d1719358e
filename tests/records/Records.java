// Kafka's own record code as the judge of ours. Runs as a single file: java -cp JARS Records.java MODE ...
//
//   write FOLDER           batches of every codec as FOLDER/NAME.batch
//   dump FILE...           what each batch says, in the words of tests/tools/batch_dump.cpp
//   judge CODEC FILE...    LogValidator's verdict on each, and the dump of what it would store
import java.io.File;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.utils.*;
import org.apache.kafka.storage.internals.log.*;

public class Records {
    static final long NOW = 1_700_000_000_000L;
    static final StringBuilder out = new StringBuilder();

    public static void main(String[] args) throws Exception {
        if (args[0].equals("write")) write(args[1]);
        for (int i = args[0].equals("judge") ? 2 : 1; i < args.length && !args[0].equals("write"); i++) {
            out.append("file ").append(new File(args[i]).getName()).append('\n');
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(Path.of(args[i])));
            if (args[0].equals("dump")) dump(MemoryRecords.readableRecords(bytes));
            else judge(args[1], MemoryRecords.readableRecords(bytes));
        }
        System.out.print(out);
    }

    static byte[] bytes(String text) { return text == null ? null : text.getBytes(StandardCharsets.UTF_8); }

    static MemoryRecordsBuilder builder(CompressionType codec, TimestampType type, long base, long pid, int epoch, int sequence, boolean txn) {
        return new MemoryRecordsBuilder(new ByteBufferOutputStream(1 << 20), RecordBatch.MAGIC_VALUE_V2, Compression.of(codec).build(), type, base,
            NOW, pid, (short) epoch, sequence, txn, false, 3, 1 << 22);
    }

    static void write(String folder) throws Exception {
        Random random = new Random(7);
        for (CompressionType codec : CompressionType.values()) {
            MemoryRecordsBuilder plain = builder(codec, TimestampType.CREATE_TIME, 0, -1, -1, -1, false);
            plain.append(NOW, bytes("key"), bytes("value"), new Header[] {new RecordHeader("h", bytes("1")), new RecordHeader("h", null)});
            plain.append(NOW + 50, null, bytes(""));
            plain.append(NOW - 5_000_000_000L, bytes(""), null, new Header[] {new RecordHeader("", bytes("")), new RecordHeader("\u00e9", bytes("x"))});
            save(folder, "plain_" + codec.name, plain);

            MemoryRecordsBuilder large = builder(codec, TimestampType.CREATE_TIME, 0, -1, -1, -1, false);
            for (int size : new int[] {10, 65_500, 65_536, 300_000, 1}) {
                byte[] noise = new byte[size];
                random.nextBytes(noise);
                Arrays.fill(noise, 0, size / 2, (byte) 'z');
                large.append(NOW, noise, noise, new Header[] {new RecordHeader("noise", Arrays.copyOf(noise, size / 3))});
            }
            save(folder, "large_" + codec.name, large);

            MemoryRecordsBuilder many = builder(codec, TimestampType.CREATE_TIME, 0, 1L << 45, 9, Integer.MAX_VALUE - 10, true);
            for (int i = 0; i < 4000; i++) many.append(NOW + random.nextInt(5000), bytes("key " + i), bytes("value " + random.nextInt()));
            save(folder, "many_" + codec.name, many);

            MemoryRecordsBuilder stamped = builder(codec, TimestampType.LOG_APPEND_TIME, 0, -1, -1, -1, false);
            stamped.append(5, bytes("a"), bytes("b"));
            save(folder, "stamped_" + codec.name, stamped);

            MemoryRecordsBuilder holes = builder(codec, TimestampType.CREATE_TIME, 500, -1, -1, -1, false);
            for (long offset : new long[] {500, 503, 510}) holes.appendWithOffset(offset, NOW + offset, bytes("k"), bytes("v"));
            save(folder, "holes_" + codec.name, holes);
        }
        MemoryRecords marker = MemoryRecords.withEndTransactionMarker(0, NOW, 3, 4000, (short) 3, new EndTransactionMarker(ControlRecordType.COMMIT, 12));
        save(folder, "marker", marker.buffer());
    }

    static void save(String folder, String name, MemoryRecordsBuilder builder) throws Exception { save(folder, name, builder.build().buffer()); }

    static void save(String folder, String name, ByteBuffer buffer) throws Exception {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        Files.write(Path.of(folder, name + ".batch"), bytes);
    }

    static String hex(ByteBuffer bytes) {
        if (bytes == null) return "null";
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return ":" + HexFormat.of().formatHex(copy);
    }

    static void dump(MemoryRecords records) {
        for (MutableRecordBatch batch : records.batches()) {
            out.append(String.format("batch valid=%b base=%d last=%d epoch=%d codec=%s append_time=%b base_time=%d max_time=%d pid=%d pepoch=%d seq=%d..%d ",
                batch.isValid(), batch.baseOffset(), batch.lastOffset(), batch.partitionLeaderEpoch(), batch.compressionType().name,
                batch.timestampType() == TimestampType.LOG_APPEND_TIME, ((DefaultRecordBatch) batch).baseTimestamp(), batch.maxTimestamp(),
                batch.producerId(), batch.producerEpoch(), batch.baseSequence(), batch.lastSequence()));
            out.append(String.format("count=%d txn=%b control=%b\n", batch.countOrNull(), batch.isTransactional(), batch.isControlBatch()));
            for (Record record : batch) {
                out.append("record ").append(record.offset()).append(' ').append(record.timestamp());
                out.append(' ').append(hex(record.key())).append(' ').append(hex(record.value()));
                for (Header header : record.headers()) {
                    out.append(' ').append(hex(ByteBuffer.wrap(bytes(header.key())))).append('=');
                    out.append(hex(header.value() == null ? null : ByteBuffer.wrap(header.value())));
                }
                out.append('\n');
            }
            out.append(String.format("walk max_time=%d at=%d\n", batch.maxTimestamp(), batch.offsetOfMaxTimestamp().orElse(-1L)));
        }
    }

    static final LogValidator.MetricsRecorder NO_METRICS = new LogValidator.MetricsRecorder() {
        public void recordInvalidMagic() {}
        public void recordInvalidOffset() {}
        public void recordInvalidSequence() {}
        public void recordInvalidChecksums() {}
        public void recordNoKeyCompactedTopic() {}
    };

    static void judge(String wanted, MemoryRecords records) {
        try {
            ProduceRequest.validateRecords((short) 9, records);
            MutableRecordBatch batch = records.batches().iterator().next();
            if (batch.baseOffset() != 0) throw new org.apache.kafka.common.InvalidRecordException("base offset");
            batch.ensureValid();
            CompressionType target = wanted.equals("producer") ? batch.compressionType() : CompressionType.forName(wanted);
            Time time = new MockTime();
            LogValidator.ValidationResult result = new LogValidator(records, new TopicPartition("t", 0), time, batch.compressionType(),
                Compression.of(target).build(), false, RecordBatch.MAGIC_VALUE_V2, TimestampType.CREATE_TIME, Long.MAX_VALUE, 3_600_000L, -1,
                AppendOrigin.CLIENT).validateMessagesAndAssignOffsets(PrimitiveRef.ofLong(0), NO_METRICS, BufferSupplier.NO_CACHING);
            out.append("code 0\n");
            dump(result.validatedRecords());
        } catch (RecordValidationException refused) {
            out.append("code ").append(Errors.forException(refused.invalidException()).code());
            refused.recordErrors().forEach(error -> out.append(' ').append(error.batchIndex));
            out.append('\n');
        } catch (Throwable other) {
            out.append("code ").append(Errors.forException(other).code()).append('\n');
        }
    }

    // Stands still at NOW.
    static class MockTime implements Time {
        public long milliseconds() { return NOW; }
        public long hiResClockMs() { return NOW; }
        public long nanoseconds() { return NOW * 1_000_000; }
        public void sleep(long ms) { throw new UnsupportedOperationException(); }
        public void waitObject(Object object, java.util.function.Supplier<Boolean> condition, long deadline) { throw new UnsupportedOperationException(); }
        public <T> T waitForFuture(java.util.concurrent.CompletableFuture<T> future, long deadline) { throw new UnsupportedOperationException(); }
    }
}
