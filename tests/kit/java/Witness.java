// An independent look at a broker through Kafka's own client; prints JSON. Run from source: java Witness.java
// BOOTSTRAP PROPERTIES snapshot | groups | grant PRINCIPAL OPERATION TYPE NAME | produce TOPIC KEY...
import java.io.FileReader;
import java.util.*;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.resource.*;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Witness {
    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        try (FileReader reader = new FileReader(args[1])) {
            properties.load(reader);
        }
        properties.put("bootstrap.servers", args[0]);
        if (args[2].equals("produce")) {
            produce(properties, args[3], Arrays.copyOfRange(args, 4, args.length));
            return;
        }
        try (Admin admin = Admin.create(properties)) {
            switch (args[2]) {
                case "grant" -> grant(admin, args[3], args[4], args[5], args[6]);
                case "groups" -> groups(admin);
                default -> snapshot(admin);
            }
        }
    }

    static void grant(Admin admin, String principal, String operation, String type, String name) throws Exception {
        admin.createAcls(List.of(new AclBinding(
            new ResourcePattern(ResourceType.fromString(type), name, PatternType.LITERAL),
            new AccessControlEntry(principal, "*", AclOperation.fromString(operation), AclPermissionType.ALLOW))))
            .all().get();
    }

    // A record for each key, given in hexadecimal; prints the partitions that Kafka's own partitioner chose.
    static void produce(Properties properties, String topic, String[] keys) throws Exception {
        var serializer = new ByteArraySerializer();
        List<String> partitions = new ArrayList<>();
        try (var producer = new KafkaProducer<>(properties, serializer, serializer)) {
            for (String key : keys) {
                var record = new ProducerRecord<>(topic, HexFormat.of().parseHex(key), new byte[] {'x'});
                partitions.add(String.valueOf(producer.send(record).get().partition()));
            }
        }
        System.out.println("[" + String.join(",", partitions) + "]");
    }

    static void groups(Admin admin) throws Exception {
        Map<String, String> groups = new TreeMap<>();
        for (GroupListing group : admin.listGroups().all().get()) {
            var described = admin.describeConsumerGroups(List.of(group.groupId())).all().get().get(group.groupId());
            groups.put(group.groupId(), object(Map.of(
                "type", text(described.type().toString()),
                "state", text(described.groupState().toString()),
                "members", String.valueOf(described.members().size()),
                "offsets", offsets(admin, group.groupId()))));
        }
        System.out.println(object(groups));
    }

    static String offsets(Admin admin, String group) throws Exception {
        Map<String, String> offsets = new TreeMap<>();
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get()
            .forEach((partition, offset) -> offsets.put(partition.toString(), String.valueOf(offset.offset())));
        return object(offsets);
    }

    static void snapshot(Admin admin) throws Exception {
        Set<String> names = admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get();
        Map<String, TopicDescription> topics = admin.describeTopics(names).allTopicNames().get();
        Map<String, String> described = new TreeMap<>();
        for (TopicDescription topic : topics.values()) {
            described.put(topic.name(), object(Map.of(
                "id", text(topic.topicId().toString()),
                "partitions", String.valueOf(topic.partitions().size()),
                "config", config(admin, ConfigResource.Type.TOPIC, topic.name()))));
        }
        Map<String, String> groups = new TreeMap<>();
        for (GroupListing group : admin.listGroups().all().get()) {
            groups.put(group.groupId(), offsets(admin, group.groupId()));
        }
        System.out.println(object(Map.of(
            "topics", object(described),
            "groups", object(groups),
            "broker", config(admin, ConfigResource.Type.BROKER, "1"),
            "acls", acls(admin))));
    }

    // Defaults are left out: what was set is what someone could have changed.
    static String config(Admin admin, ConfigResource.Type type, String name) throws Exception {
        ConfigResource resource = new ConfigResource(type, name);
        Map<String, String> set = new TreeMap<>();
        for (ConfigEntry entry : admin.describeConfigs(List.of(resource)).all().get().get(resource).entries()) {
            if (entry.source() != ConfigEntry.ConfigSource.DEFAULT_CONFIG) {
                set.put(entry.name(), text(String.valueOf(entry.value())));
            }
        }
        return object(set);
    }

    static String acls(Admin admin) throws Exception {
        try {
            return admin.describeAcls(AclBindingFilter.ANY).values().get().stream()
                .map(binding -> text(binding.toString())).sorted().collect(Collectors.joining(",", "[", "]"));
        } catch (java.util.concurrent.ExecutionException noAuthorizer) {
            return "[]";
        }
    }

    static String object(Map<String, String> fields) {
        return new TreeMap<>(fields).entrySet().stream()
            .map(field -> text(field.getKey()) + ":" + field.getValue()).collect(Collectors.joining(",", "{", "}"));
    }

    static String text(String value) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : value.toCharArray()) {
            if (c == '"' || c == '\\') quoted.append('\\').append(c);
            else if (c < ' ') quoted.append(String.format("\\u%04x", (int) c));
            else quoted.append(c);
        }
        return quoted.append('"').toString();
    }
}
