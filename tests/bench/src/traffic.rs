//! Realistic events: JSON with identifiers, CloudEvents and trace headers, deterministic by number.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tapline_kit::{Kafka, Record};

/// Events of one chain: they share an order, a correlation and a trace.
pub(crate) const CHAIN: u64 = 8;

/// Makes a topic of so many messages with payloads of about `bytes` bytes.
pub(crate) fn fill(kafka: &Kafka, topic: &str, partitions: i32, messages: u64, bytes: usize) -> anyhow::Result<()> {
    kafka.admin()?.create_topic(topic, partitions, &[("retention.bytes", "-1")])?;
    let producer = kafka.producer()?;
    for number in 0..messages {
        // A chain's events stand in one partition, as a key would have it.
        let partition = i32::try_from((number / CHAIN) % u64::try_from(partitions)?)?;
        producer.send(&record(topic, partition, number, bytes))?;
    }
    producer.flush()
}

/// The order id of a chain.
pub(crate) fn order(chain: u64) -> String {
    format!("ORD-{}", FIRST_ORDER + chain)
}

const FIRST_ORDER: u64 = 10_000_000;

/// A record of about `bytes` bytes of payload.
pub(crate) fn record(topic: &str, partition: i32, number: u64, bytes: usize) -> Record {
    let chain = number / CHAIN;
    let mut random = StdRng::seed_from_u64(chain);
    let (order, customer) = (FIRST_ORDER + chain, random.random_range(0..200_000));
    let correlation = uuid::Uuid::from_u128(random.random());
    let trace = format!("00-{:032x}-{:016x}-01", random.random::<u128>() | 1, number + 1);
    let event = uuid::Uuid::from_u128((u128::from(chain) << 64) | u128::from(number + 1) << 8 | 0x4000_8000);
    let types = ["OrderPlaced", "PaymentAuthorized", "StockReserved", "OrderConfirmed", "ShipmentCreated", "EmailSent"];
    let kind = types[usize::try_from(number % 6).unwrap_or(0)];
    Record::new(topic, partition, payload(order, customer, number, bytes, &mut random))
        .key(format!("ORD-{order}"))
        .cloud_event(kind, &event.to_string(), "/shop/orders")
        .header("traceparent", Some(trace.as_bytes()))
        .header("correlation-id", Some(correlation.to_string().as_bytes()))
}

fn payload(order: u64, customer: u32, number: u64, bytes: usize, random: &mut StdRng) -> String {
    let mut json = format!(
        "{{\"orderId\":\"ORD-{order}\",\"customerId\":\"C-{customer}\",\"sequence\":{number},\"total\":{}.{:02},\"currency\":\"EUR\"",
        random.random_range(5..900),
        random.random_range(0..100)
    );
    if bytes > 400 {
        json.push_str(&format!(
            ",\"payment\":{{\"method\":\"card\",\"paymentId\":\"PAY-{}\",\"card\":{{\"type\":\"VISA\",\"last4\":\"{:04}\"}}}}",
            order * 3,
            random.random_range(0..10_000)
        ));
        json.push_str(",\"shipTo\":{\"country\":\"FR\",\"postcode\":\"69003\",\"street\":\"12 rue de la République\"},\"lines\":[");
        let mut first = true;
        while json.len() + 80 < bytes {
            let comma = if first { "" } else { "," };
            first = false;
            json.push_str(&format!(
                "{comma}{{\"sku\":\"LMP-{:04}\",\"name\":\"Lampe de bureau {}\",\"qty\":{},\"price\":{}.50}}",
                random.random_range(0..5_000),
                random.random_range(0..1_000),
                random.random_range(1..5),
                random.random_range(1..300)
            ));
        }
        json.push(']');
    }
    json.push('}');
    json
}
