//! Dead letters put back on a real Kafka: what arrives, how often, in which order, after whatever interruption.

mod crash;
mod elsewhere;
mod outage;
mod people;
mod pointers;
mod put_back;
mod world;
