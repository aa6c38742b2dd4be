// Consumer groups through Kafka's own admin client. Run from source: java Lag.java BOOTSTRAP
// fill TOPICS PARTITIONS GROUPS EACH | pass TIMES. The first makes topics of so many partitions, and groups that have
// committed an offset of so many partitions each; the second looks at all groups so often, and prints milliseconds.
import java.util.*;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

public class Lag {
    public static void main(String[] args) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0], "default.api.timeout.ms", "300000",
                "request.timeout.ms", "300000"))) {
            int[] numbers = Arrays.stream(args).skip(2).mapToInt(Integer::parseInt).toArray();
            if (args[1].equals("fill")) {
                fill(admin, numbers[0], numbers[1], numbers[2], numbers[3]);
            } else {
                for (int time = 0; time < numbers[0]; time++) {
                    long begun = System.nanoTime();
                    long pairs = pass(admin);
                    System.out.println((System.nanoTime() - begun) / 1e6 + " " + pairs);
                }
            }
        }
    }

    static void fill(Admin admin, int topics, int partitions, int groups, int each) throws Exception {
        for (int topic = 0; topic < topics; topic++) {
            admin.createTopics(List.of(new NewTopic("lag-" + topic, partitions, (short) 1))).all().get();
        }
        for (int group = 0; group < groups; group++) {
            Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
            for (int at = 0; at < each; at++) {
                int number = (group * each + at) % (topics * partitions);
                offsets.put(new TopicPartition("lag-" + number / partitions, number % partitions), new OffsetAndMetadata(0));
            }
            admin.alterConsumerGroupOffsets("group-" + group, offsets).all().get();
        }
    }

    // Every group's offsets in one call, and the ends of every partition that any of them reads.
    static long pass(Admin admin) throws Exception {
        Map<String, ListConsumerGroupOffsetsSpec> asked = admin.listGroups().all().get().stream()
            .collect(Collectors.toMap(GroupListing::groupId, group -> new ListConsumerGroupOffsetsSpec()));
        var committed = admin.listConsumerGroupOffsets(asked).all().get();
        Set<TopicPartition> read = new HashSet<>();
        committed.values().forEach(offsets -> read.addAll(offsets.keySet()));
        var ends = admin.listOffsets(read.stream().collect(Collectors.toMap(at -> at, at -> OffsetSpec.latest()))).all().get();
        long pairs = 0;
        for (var offsets : committed.values()) {
            for (var offset : offsets.entrySet()) {
                pairs += ends.get(offset.getKey()).offset() - offset.getValue().offset() >= 0 ? 1 : 0;
            }
        }
        return pairs;
    }
}
