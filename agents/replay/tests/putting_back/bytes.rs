//! Key, payload, headers and time as they were, whatever they are.

use tapline_api::{KeyOrder, ReplayRequest, ReplayState, ReplayTarget};

use crate::fake::{Handed, Topic};
use crate::kit::{Node, Sample, request};

/// What puts a replay's stamp on an event: six headers behind its own.
const STAMPS: usize = 6;

fn odd() -> Vec<Sample> {
    let plain = |offset| Sample::new("orders", offset, "ORD-1");
    let value = |bytes: &[u8]| Some(bytes.to_vec());
    vec![
        Sample { payload: None, ..plain(0) },
        Sample { key: None, ..plain(1) },
        Sample { payload: value(b""), ..plain(2) },
        Sample { key: value(b""), ..plain(3) },
        Sample { key: None, payload: None, headers: Vec::new(), ..plain(4) },
        Sample { headers: vec![("a", value(b"1")), ("b", None), ("a", value(b"")), ("a", value(b"1"))], ..plain(5) },
        Sample { payload: value(b"\0\xff\xfe{"), key: value(b"\xff\0"), ..plain(6) },
        // It did not fail: what looks like the header of a failure is its own.
        Sample { headers: vec![("x-original-topic", value(b"t")), ("X-Death", None)], ..plain(7) },
        Sample { timestamp: None, ..plain(8) },
    ]
}

fn told(sample: &Sample) -> impl std::fmt::Debug {
    let headers: Vec<(String, Option<Vec<u8>>)> =
        sample.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    (sample.key.clone(), sample.payload.clone(), headers, sample.timestamp)
}

fn sent(handed: &Handed) -> impl std::fmt::Debug {
    let own = handed.headers.len() - STAMPS;
    let stamped = handed.headers[own..].iter().all(|(name, _)| name.starts_with("tapline-replay-"));
    assert!(stamped, "{:?}", handed.headers);
    (handed.key.clone(), handed.payload.clone(), handed.headers[..own].to_vec(), handed.timestamp)
}

#[test]
fn odd_events_of_a_window_are_put_back_as_they_were() {
    for (in_files, order) in [(false, KeyOrder::Key), (true, KeyOrder::Key), (true, KeyOrder::None)] {
        let samples = odd();
        let node = Node::new(&samples);
        if in_files {
            node.flush();
        }
        let copies = Topic { id: "t9".to_owned(), led: true, next: 0, records: Vec::new() };
        node.broker.with(|inner| inner.topics.insert("copies".to_owned(), copies));
        let target = ReplayTarget { destination: Some("copies".to_owned()), ..ReplayTarget::default() };
        let number = node.run(&ReplayRequest { target: Some(target), order, ..request() }, &samples);
        node.until_state(number, ReplayState::Done);
        let items = node.items(number);
        for sample in samples {
            let address = sample.address().to_string();
            let item = items.iter().find(|item| item.address == address).unwrap();
            let written = item.written.as_deref().unwrap().rsplit_once('/').unwrap().1.parse::<i64>().unwrap();
            let records = node.broker.with(|inner| inner.topics["copies"].records.clone());
            let (_, record) = records.iter().find(|(offset, _)| *offset == written).unwrap();
            assert_eq!(format!("{:?}", sent(record)), format!("{:?}", told(&sample)), "{address}");
        }
    }
}
