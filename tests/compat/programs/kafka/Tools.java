// Apache Kafka's command line tools, many in one JVM. Runs as a single file: java -cp JARS Tools.java
//
// Reads one command a line, words separated by tabs: the main class and its arguments. Answers with one JSON object a
// line: {"exit": 0, "out": "...", "err": "..."}. A tool that ends the process only ends its command.
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.common.utils.Exit;

public class Tools {
    // The first word counts: some tools catch everything, this too, and then end the process once more.
    static Integer said;

    static class Ended extends RuntimeException {
        final int status;

        Ended(int status) {
            super(null, null, false, false);
            if (said == null) said = status;
            this.status = said;
        }
    }

    public static void main(String[] unused) throws Exception {
        Exit.setExitProcedure((status, message) -> { throw new Ended(status); });
        Exit.setHaltProcedure((status, message) -> { throw new Ended(status); });
        PrintStream answers = System.out;
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = commands.readLine()) != null; ) {
            String[] words = line.split("\t", -1);
            ByteArrayOutputStream out = new ByteArrayOutputStream(), err = new ByteArrayOutputStream();
            PrintStream outStream = new PrintStream(out, true), errStream = new PrintStream(err, true), errBefore = System.err;
            System.setOut(outStream);
            System.setErr(errStream);
            // Tools written in Scala print to the console that Scala remembers.
            int status = scala.Console.withOut(outStream, () -> scala.Console.withErr(errStream, () -> run(words, errStream)));
            System.setOut(answers);
            System.setErr(errBefore);
            answers.println("{\"exit\": " + status + ", \"out\": " + quoted(out) + ", \"err\": " + quoted(err) + "}");
            answers.flush();
        }
    }

    static int run(String[] words, PrintStream err) {
        said = null;
        try {
            String[] arguments = Arrays.copyOfRange(words, 1, words.length);
            Class.forName(words[0]).getMethod("main", String[].class).invoke(null, (Object) arguments);
            return 0;
        } catch (InvocationTargetException e) {
            for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause())
                if (cause instanceof Ended ended) return ended.status;
            e.getCause().printStackTrace(err);
        } catch (ReflectiveOperationException e) {
            e.printStackTrace(err);
        }
        return 1;
    }

    static String quoted(ByteArrayOutputStream bytes) {
        StringBuilder text = new StringBuilder("\"");
        for (char c : bytes.toString(StandardCharsets.UTF_8).toCharArray()) {
            if (c == '"' || c == '\\') text.append('\\').append(c);
            else if (c < ' ' || c > '~') text.append(String.format("\\u%04x", (int) c));
            else text.append(c);
        }
        return text.append('"').toString();
    }
}
