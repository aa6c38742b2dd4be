//! Who writes failure headers, and how each of them spells numbers and times.

use super::facts::Field;
use crate::encoding;

/// Who wrote a failure header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framework {
    SpringKafka,
    SpringRetryTopic,
    SpringCloudStream,
    SpringAmqp,
    KafkaConnect,
    KafkaStreams,
    ShareGroup,
    SmallRye,
    Karafka,
    Watermill,
    RabbitMq,
    MassTransit,
    NServiceBus,
    Rebus,
    AzureServiceBus,
    Sqs,
    EventBridge,
    Nats,
    Pulsar,
    Custom,
}

impl Framework {
    /// The word stored in `dead_letter.framework`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::SpringKafka => "spring_kafka",
            Self::SpringRetryTopic => "spring_retry_topic",
            Self::SpringCloudStream => "spring_cloud_stream",
            Self::SpringAmqp => "spring_amqp",
            Self::KafkaConnect => "kafka_connect",
            Self::KafkaStreams => "kafka_streams",
            Self::ShareGroup => "share_group",
            Self::SmallRye => "smallrye",
            Self::Karafka => "karafka",
            Self::Watermill => "watermill",
            Self::RabbitMq => "rabbitmq",
            Self::MassTransit => "masstransit",
            Self::NServiceBus => "nservicebus",
            Self::Rebus => "rebus",
            Self::AzureServiceBus => "azure_service_bus",
            Self::Sqs => "sqs",
            Self::EventBridge => "eventbridge",
            Self::Nats => "nats",
            Self::Pulsar => "pulsar",
            Self::Custom => "custom",
        }
    }

    /// Whether a header says by itself that something failed. Some of these frameworks count deliveries and write times
    /// on every message, and the words of EventBridge are anybody's.
    pub(super) fn tells(self, field: Field) -> bool {
        match (self, field) {
            (_, Field::ConsumerGroup | Field::Ignored) => false,
            (Self::EventBridge | Self::Sqs, field) => field == Field::OriginTopic,
            (
                Self::SpringAmqp | Self::RabbitMq | Self::MassTransit | Self::NServiceBus | Self::Rebus | Self::Pulsar,
                Field::Attempts | Field::OriginTimestamp | Field::DueAt,
            ) => false,
            _ => true,
        }
    }

    /// Brokers add their headers to those of the application, which knows more, and in no order.
    pub(super) fn is_broker(self) -> bool {
        matches!(self, Self::RabbitMq | Self::AzureServiceBus | Self::Sqs)
    }

    /// The name decides, never the content: four ASCII digits are a fine int32.
    pub(super) fn integer(self, field: Field, value: &[u8]) -> Option<i64> {
        match self {
            Self::SpringRetryTopic if field == Field::DueAt => encoding::big_integer(value),
            Self::SpringKafka | Self::SpringRetryTopic | Self::SpringCloudStream => {
                let binary = match field {
                    Field::OriginPartition | Field::Attempts => encoding::int32(value).map(i64::from),
                    _ => encoding::int64(value),
                };
                binary.or_else(|| encoding::decimal(value))
            }
            Self::Custom => encoding::any_integer(value),
            _ => encoding::decimal(value),
        }
    }

    /// A time in microseconds.
    pub(super) fn time(self, field: Field, value: &[u8]) -> Option<i64> {
        let millis = || self.integer(field, value).and_then(encoding::micros);
        match self {
            Self::NServiceBus => encoding::text(value).and_then(encoding::nservicebus_time),
            Self::Watermill | Self::MassTransit | Self::Rebus => encoding::text(value).and_then(encoding::iso_time),
            Self::Custom => millis().or_else(|| encoding::text(value).and_then(encoding::iso_time)),
            _ => millis(),
        }
    }
}
