// A small Spring Kafka application whose listeners fail in the way that an order's `fault` says. Run from source:
// java Listeners.java BOOTSTRAP. Needs the topics `orders`, `orders-dlt`, `parcels` and `invoices`.
package shop;

import java.util.Map;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.*;
import org.springframework.context.annotation.*;
import org.springframework.kafka.annotation.*;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.core.*;
import org.springframework.kafka.listener.*;
import org.springframework.kafka.support.serializer.*;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.util.backoff.FixedBackOff;

public class Listeners {
    static String bootstrap;

    public static void main(String[] args) {
        bootstrap = args[0];
        new AnnotationConfigApplicationContext(Wiring.class, Pricing.class, Shipping.class, Billing.class);
    }

    record Order(String orderId, String fault) {}

    // Tried three times on the spot, then left to the recoverer.
    static class Pricing {
        @KafkaListener(topics = "orders", groupId = "pricing")
        void on(Order order) {
            try {
                Tariffs.find(order);
            } catch (IllegalArgumentException unknown) {
                throw new IllegalStateException("cannot price " + order.orderId(), unknown);
            }
        }
    }

    // Put aside twice, under names that say so.
    static class Shipping {
        @RetryableTopic(attempts = "3", backOff = @BackOff(delay = 200))
        @KafkaListener(topics = "parcels", groupId = "shipping")
        void on(Order order) {
            Tariffs.find(order);
        }
    }

    // Put aside once, under names that say nothing.
    static class Billing {
        @RetryableTopic(
            attempts = "2", backOff = @BackOff(delay = 200), retryTopicSuffix = "-later", dltTopicSuffix = "-unpaid")
        @KafkaListener(topics = "invoices", groupId = "billing")
        void on(Order order) {
            Tariffs.find(order);
        }
    }

    static class Tariffs {
        static void find(Order order) {
            switch (order.fault()) {
                case "tariff" -> throw new IllegalArgumentException("tariff of " + order.orderId() + " is unknown");
                case "stock" -> throw new UnsupportedOperationException("no stock for " + order.orderId());
                default -> {}
            }
        }
    }

    // The serializers for Jackson 2, which Kafka's jars bring; those for Jackson 3 would need three more.
    @SuppressWarnings("removal")
    @Configuration(proxyBeanMethods = false)
    @EnableKafka
    @EnableKafkaRetryTopic
    static class Wiring {
        @Bean
        KafkaAdmin admin() {
            return new KafkaAdmin(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap));
        }

        // What could not be read goes on as the bytes it was.
        @Bean
        KafkaTemplate<String, Object> template() {
            Map<String, Object> properties = Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
            var values = new DelegatingByTypeSerializer(
                Map.of(byte[].class, new ByteArraySerializer(), Order.class, new JsonSerializer<Order>()));
            return new KafkaTemplate<>(
                new DefaultKafkaProducerFactory<>(properties, new StringSerializer(), values));
        }

        @Bean
        ConcurrentKafkaListenerContainerFactory<String, Order> kafkaListenerContainerFactory(
                KafkaTemplate<String, Object> template) {
            Map<String, Object> properties = Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
            var values = new ErrorHandlingDeserializer<>(new JsonDeserializer<>(Order.class, false));
            var factory = new ConcurrentKafkaListenerContainerFactory<String, Order>();
            factory.setConsumerFactory(
                new DefaultKafkaConsumerFactory<>(properties, new StringDeserializer(), values));
            factory.setCommonErrorHandler(
                new DefaultErrorHandler(new DeadLetterPublishingRecoverer(template), new FixedBackOff(0, 2)));
            return factory;
        }

        @Bean
        TaskScheduler scheduler() {
            return new ThreadPoolTaskScheduler();
        }
    }
}
