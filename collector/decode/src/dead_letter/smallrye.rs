//! SmallRye Reactive Messaging (Quarkus): dead-letter queue and delayed retry topics. All values are text.

use super::facts::Field;

pub(super) const HEADERS: &[(&str, Field)] = &[
    ("dead-letter-topic", Field::OriginTopic),
    ("dead-letter-partition", Field::OriginPartition),
    ("dead-letter-offset", Field::OriginOffset),
    ("dead-letter-exception-class-name", Field::Exception),
    ("dead-letter-cause-class-name", Field::RootCause),
    ("dead-letter-reason", Field::Message),
    ("dead-letter-cause", Field::Ignored),
    ("delayed-retry-topic", Field::OriginTopic),
    ("delayed-retry-partition", Field::OriginPartition),
    ("delayed-retry-offset", Field::OriginOffset),
    ("delayed-retry-original-timestamp", Field::OriginTimestamp),
    ("delayed-retry-first-processing-timestamp", Field::Ignored),
    ("delayed-retry-exception-class-name", Field::Exception),
    ("delayed-retry-cause-class-name", Field::RootCause),
    ("delayed-retry-reason", Field::Message),
    ("delayed-retry-cause", Field::Ignored),
    ("delayed-retry-count", Field::Attempts),
];
