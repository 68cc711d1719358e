// Kafka's own codec as the judge of ours. Runs as a single file: java -cp JARS Differential.java MODE ...
//
//   make SEED COUNT PLAN OUT   PLAN has lines "Name low high": COUNT random messages of every version that the jars know
//   check PLAN FILE            every message in the plan, read and written again, must come out byte for byte the same
//
// A file holds messages one after the other: int32 length, int16 name length, name, int16 version, bytes.
// Both modes print what they covered, as "Name version" lines.
import java.io.*;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.*;
import org.apache.kafka.common.protocol.types.*;

public class Differential {
    static final String[] PACKAGES = {
        "org.apache.kafka.common.message.", "org.apache.kafka.coordinator.group.generated.", "org.apache.kafka.coordinator.transaction.generated."};

    final Random random;

    Differential(long seed) { random = new Random(seed); }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("make")) make(Long.parseLong(args[1]), Integer.parseInt(args[2]), args[3], args[4]);
        else check(args[1], args[2]);
    }

    static void make(long seed, int count, String plan, String out) throws Exception {
        Differential maker = new Differential(seed);
        try (DataOutputStream file = new DataOutputStream(new BufferedOutputStream(new FileOutputStream(out)))) {
            for (String line : Files.readAllLines(Path.of(plan))) {
                String[] words = line.split(" ");
                Class<?> type = find(words[0]);
                if (type == null) continue;
                Schema[] schemas = (Schema[]) type.getField("SCHEMAS").get(null);
                for (int version = Integer.parseInt(words[1]); version <= Integer.parseInt(words[2]); version++) {
                    if (version >= schemas.length || schemas[version] == null) continue;
                    System.out.println(words[0] + " " + version);
                    for (int i = 0; i < count; i++) put(file, words[0], version, maker.message(type, schemas[version], (short) version, i));
                }
            }
        }
    }

    static void check(String plan, String path) throws Exception {
        Set<String> planned = new HashSet<>();
        for (String line : Files.readAllLines(Path.of(plan))) {
            String[] words = line.split(" ");
            for (int version = Integer.parseInt(words[1]); version <= Integer.parseInt(words[2]); version++) planned.add(words[0] + " " + version);
        }
        int wrong = 0;
        Set<String> covered = new LinkedHashSet<>();
        try (DataInputStream file = new DataInputStream(new BufferedInputStream(new FileInputStream(path)))) {
            while (true) {
                int length;
                try { length = file.readInt(); } catch (EOFException end) { break; }
                ByteBuffer entry = ByteBuffer.wrap(file.readNBytes(length));
                byte[] name = new byte[entry.getShort()];
                entry.get(name);
                short version = entry.getShort();
                byte[] bytes = new byte[entry.remaining()];
                entry.get(bytes);
                String what = new String(name, StandardCharsets.UTF_8);
                Class<?> type = find(what);
                if (type == null || !supports(type, version) || !planned.contains(what + " " + version)) continue;
                covered.add(what + " " + version);
                String problem = again(type, version, bytes);
                if (problem != null && wrong++ < 20) System.err.println(what + " " + version + ": " + problem + " " + HexFormat.of().formatHex(bytes));
            }
        }
        covered.forEach(System.out::println);
        if (wrong > 0) { System.err.println(wrong + " messages differ"); System.exit(1); }
    }

    static String again(Class<?> type, short version, byte[] bytes) {
        try {
            byte[] written = rewrite(type, version, bytes);
            return Arrays.equals(written, bytes) ? null : "became " + HexFormat.of().formatHex(written) + " from";
        } catch (Exception refused) {
            return refused.toString();
        }
    }

    static boolean supports(Class<?> type, short version) throws Exception {
        Message message = (Message) type.getDeclaredConstructor().newInstance();
        return version >= message.lowestSupportedVersion() && version <= message.highestSupportedVersion();
    }

    static Class<?> find(String name) {
        for (String prefix : PACKAGES) {
            for (String suffix : new String[] {"Data", ""}) {
                try { return Class.forName(prefix + name + suffix); } catch (ClassNotFoundException next) { }
            }
        }
        return null;
    }

    // Schemas write random values; reading and writing them as a message makes the bytes canonical (a tagged field that
    // happens to have its default is left out). Kafka's schemas do not know the mark in front of a tagged struct that
    // may be null, so a message with one cannot be read: another is drawn, and the check mode covers those fields.
    byte[] message(Class<?> type, Schema schema, short version, int index) throws Exception {
        int[] longest = {0, 1, 3, 8};
        for (int attempt = 1; ; attempt++) {
            Struct struct = struct(schema, longest[index % longest.length], index);
            ByteBuffer buffer = ByteBuffer.allocate(schema.sizeOf(struct));
            schema.write(buffer, struct);
            try {
                return rewrite(type, version, buffer.array());
            } catch (Exception unreadable) {
                if (attempt == 50) throw unreadable;
            }
        }
    }

    static byte[] rewrite(Class<?> type, short version, byte[] bytes) throws Exception {
        Message message = (Message) type.getDeclaredConstructor().newInstance();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        message.read(new ByteBufferAccessor(in), version);
        if (in.hasRemaining()) throw new IllegalStateException(in.remaining() + " bytes left over");
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer out = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(out), cache, version);
        return out.array();
    }

    Struct struct(Schema schema, int longest, int index) throws ReflectiveOperationException {
        Struct struct = new Struct(schema);
        for (BoundField field : schema.fields()) struct.set(field, value(field.def.type, longest, index));
        return struct;
    }

    Object value(Type type, int longest, int index) throws ReflectiveOperationException {
        if (type instanceof TaggedFields) return tags((TaggedFields) type, longest, index);
        if (type.isNullable() && random.nextInt(4) == 0) return null;
        if (type instanceof Schema) return struct((Schema) type, longest, index);
        if (type.isArray()) return array(type.arrayElementType().get(), longest, index);
        String name = type.toString();
        switch (name) {
            case "BOOLEAN": return random.nextBoolean();
            case "INT8": return (byte) number();
            case "INT16": return (short) number();
            case "UINT16": return (int) (number() & 0xffff);
            case "INT32": return (int) number();
            case "INT64": return number();
            case "FLOAT64": return random.nextGaussian();
            case "UUID": return random.nextInt(4) == 0 ? Uuid.ZERO_UUID : new Uuid(random.nextLong(), random.nextLong());
        }
        if (name.contains("STRING")) return text(longest);
        if (name.contains("RECORDS")) return records(bytes(longest * 20));
        if (name.contains("BYTES")) return ByteBuffer.wrap(bytes(longest == 8 && index % 16 == 3 ? 300 : longest * 3));
        throw new IllegalArgumentException("type " + name);
    }

    // The class has moved between 3.9 and 4.3.
    static Object records(byte[] bytes) {
        for (String where : new String[] {"record.internal.", "record."}) {
            try {
                Class<?> type = Class.forName("org.apache.kafka.common." + where + "MemoryRecords");
                return type.getMethod("readableRecords", ByteBuffer.class).invoke(null, ByteBuffer.wrap(bytes));
            } catch (ReflectiveOperationException next) { }
        }
        throw new IllegalStateException("no MemoryRecords");
    }

    long number() {
        switch (random.nextInt(4)) {
            case 0: return random.nextInt(3) - 1;
            case 1: return random.nextInt(1000);
            default: return random.nextLong();
        }
    }

    String text(int longest) {
        String alphabet = "abz019._-é漢😀\0 ";
        StringBuilder text = new StringBuilder();
        int length = longest == 8 && random.nextInt(20) == 0 ? 200 : random.nextInt(longest + 1);
        int[] points = alphabet.codePoints().toArray();
        for (int i = 0; i < length; i++) text.appendCodePoint(points[random.nextInt(points.length)]);
        return text.toString();
    }

    byte[] bytes(int longest) {
        byte[] bytes = new byte[random.nextInt(longest + 1)];
        random.nextBytes(bytes);
        return bytes;
    }

    // Structs nest up to four deep, so arrays get shorter as they do; now and then one of numbers is long.
    Object[] array(Type element, int longest, int index) throws ReflectiveOperationException {
        boolean flat = !(element instanceof Schema);
        int length = flat && longest == 8 && random.nextInt(10) == 0 ? 150 : random.nextInt(longest + 1);
        Object[] values = new Object[length];
        for (int i = 0; i < length; i++) values[i] = value(element, flat ? longest : longest / 2, index);
        return values;
    }

    Object tags(TaggedFields type, int longest, int index) throws ReflectiveOperationException {
        TreeMap<Integer, Object> values = new TreeMap<>();
        for (Map.Entry<?, ?> known : known(type).entrySet()) {
            if (random.nextInt(3) > 0) values.put((Integer) known.getKey(), value(((Field) known.getValue()).type, longest, index));
        }
        for (int tag = 90; longest > 1 && random.nextInt(8) == 0; tag += 1 + random.nextInt(100)) {
            values.put(tag, new RawTaggedField(tag, bytes(longest * 3)));
        }
        return values;
    }

    // Public since 4.0.
    static Map<?, ?> known(TaggedFields type) throws ReflectiveOperationException {
        java.lang.reflect.Field fields = TaggedFields.class.getDeclaredField("fields");
        fields.setAccessible(true);
        return (Map<?, ?>) fields.get(type);
    }

    static void put(DataOutputStream file, String name, int version, byte[] bytes) throws IOException {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        file.writeInt(2 + text.length + 2 + bytes.length);
        file.writeShort(text.length);
        file.write(text);
        file.writeShort(version);
        file.write(bytes);
    }
}
