// Which of 12 partitions Kafka's own client puts a key into: `key<TAB>partition`, a line a key. Made with
//   java -cp '.kams/kafka-libs/*' libs/eventing/test/bus/kafka/Partitions.java > libs/eventing/test/bus/kafka/partitions.tsv
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.UUID;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

public class Partitions {
    static final String[] CATEGORIES = {"account", "purchase", "scoringModel", "contact", "accounts-approval", "客户", "größe", "😀"};

    public static void main(String[] args) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Random random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            String category = CATEGORIES[i % CATEGORIES.length];
            // Stream ids, and keys of every length: the hash takes four bytes at a time, and the rest in another way.
            String key = i % 2 == 0
                ? category + "-" + new UUID(random.nextLong(), random.nextLong())
                : category + "x".repeat(i % 7) + Long.toString(random.nextLong(), 36);
            out.println(key + "\t" + BuiltInPartitioner.partitionForKey(key.getBytes(StandardCharsets.UTF_8), 12));
        }
    }
}
