import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

/**
 * The partition that Kafka's own producer gives each key: keys are the lines
 * of standard input. Usage: java -cp 'libs/*' Partition.java PARTITIONS
 */
public class Partition {
    public static void main(String[] args) throws Exception {
        int partitions = Integer.parseInt(args[0]);
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        BufferedReader in = new BufferedReader(
            new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String key = in.readLine(); key != null; key = in.readLine())
            out.println(BuiltInPartitioner.partitionForKey(
                key.getBytes(StandardCharsets.UTF_8), partitions));
        out.flush();
    }
}
