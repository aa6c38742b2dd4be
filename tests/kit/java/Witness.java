// An independent look at a broker through Kafka's own client; prints JSON. Run from source: java Witness.java
// BOOTSTRAP PROPERTIES snapshot | grant PRINCIPAL OPERATION TOPIC
import java.io.FileReader;
import java.util.*;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.resource.*;

public class Witness {
    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        try (FileReader reader = new FileReader(args[1])) {
            properties.load(reader);
        }
        properties.put("bootstrap.servers", args[0]);
        try (Admin admin = Admin.create(properties)) {
            if (args[2].equals("grant")) {
                grant(admin, args[3], args[4], args[5]);
            } else {
                snapshot(admin);
            }
        }
    }

    static void grant(Admin admin, String principal, String operation, String topic) throws Exception {
        AclOperation named = AclOperation.fromString(operation);
        admin.createAcls(List.of(new AclBinding(
            new ResourcePattern(ResourceType.TOPIC, topic, PatternType.LITERAL),
            new AccessControlEntry(principal, "*", named, AclPermissionType.ALLOW)))).all().get();
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
            Map<String, String> offsets = new TreeMap<>();
            admin.listConsumerGroupOffsets(group.groupId()).partitionsToOffsetAndMetadata().get()
                .forEach((partition, offset) -> offsets.put(partition.toString(), String.valueOf(offset.offset())));
            groups.put(group.groupId(), object(offsets));
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
