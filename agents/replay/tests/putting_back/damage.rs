//! Files that are gone, not what was written, or slow: an archive's, a journal's.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use tapline_api::{Delivery, ReplayRequest, ReplayState};
use tapline_replay::{ItemFilter, ReplayError};

use crate::kit::{Node, Sample, many, number, request};

/// Data files of the archive.
fn data_files(node: &Node) -> Vec<std::path::PathBuf> {
    node.archive.view().files.iter().map(|file| file.location.clone()).collect()
}

#[test]
fn a_data_file_that_is_gone_stops_it_and_once_it_is_back_nothing_is_missing() {
    let node = Node::new(&many(30));
    node.flush();
    let plan = node.plan(&request(), &many(30));
    let file = data_files(&node).remove(0);
    let aside = file.with_extension("aside");
    fs::rename(&file, &aside).unwrap();
    // The start looks at the originals once more; whoever reads that may go on.
    let refused = node.start(&plan).unwrap_err();
    assert!(matches!(refused, ReplayError::Stale { .. }), "{refused}");
    let number = number(&plan);
    node.start(&node.detail(number)).unwrap();
    let stopped = node.until_state(number, ReplayState::Stopped).replay;
    assert!(stopped.why.as_deref().unwrap().contains("damaged or missing"), "{:?}", stopped.why);
    assert_eq!((stopped.progress.planned, stopped.progress.rejected), (30, 0));
    fs::rename(&aside, &file).unwrap();
    node.archive.mend();
    node.resume(number).unwrap();
    node.until_state(number, ReplayState::Done);
    assert_eq!(node.broker.standing().len(), 30);
}

#[test]
fn rows_that_were_moved_are_shown_without_looking_through_other_files() {
    let node = Node::new(&many(400));
    let number = node.run(&request(), &many(400));
    node.until_state(number, ReplayState::Done);
    // Planned from memory: every row stands elsewhere by now.
    node.flush();
    node.archive(&[Sample::new("other", 0, "X-1")]);
    node.flush();
    let other = data_files(&node).pop().unwrap();
    fs::remove_file(other).unwrap();
    let (items, count, _) = node.replays().items(number, ItemFilter::default(), 0, 400).unwrap();
    assert_eq!((items.len(), count), (400, 400));
    assert!(items.iter().all(|item| item.key.is_some()));
}

/// A replay that is paused after one of three.
fn paused() -> (Node, i64) {
    let node = Node::new(&many(3));
    let number = node.run(&ReplayRequest { canary: Some(1), ..request() }, &many(3));
    node.until_state(number, ReplayState::Paused);
    (node, number)
}

#[test]
fn half_a_line_at_the_end_of_a_journal_is_cut_off_and_it_goes_on_behind_what_is_whole() {
    let (mut node, number) = paused();
    node.kill(number);
    let whole = fs::read(node.journal(number)).unwrap();
    for torn in [&b"{\"sending\":{\"at\":17,\"ru"[..], b"\0\0\0\0\0\0\0\0", b"{"] {
        fs::write(node.journal(number), [&whole, torn].concat()).unwrap();
        node.open();
        assert_eq!(node.deliveries(number), [Delivery::Confirmed, Delivery::Planned, Delivery::Planned]);
        assert_eq!(fs::read(node.journal(number)).unwrap(), whole);
        node.kill(number);
    }
    node.open();
    node.resume(number).unwrap();
    node.until_state(number, ReplayState::Done);
    let written = fs::read_to_string(node.journal(number)).unwrap();
    assert!(written.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{written}");
    assert_eq!(node.broker.standing(), [0, 1, 2]);
}

#[test]
fn a_damaged_journal_is_told_with_its_place_and_nothing_is_sent() {
    let (mut node, number) = paused();
    node.kill(number);
    let whole = fs::read(node.journal(number)).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for (garbage, what) in [
        ([&whole[..first], b"\xff\xfe\0nonsense\n", &whole[first..]].concat(), format!("the line at byte {first}")),
        ([&whole[..first], b"{\"sending\":{\"at\":1,\"runs\":[[2,4000000000]]}}\n"].concat(), "no item 3".to_owned()),
        ([&whole[..first], b"\n", &whole[first..]].concat(), format!("the line at byte {first}")),
    ] {
        fs::write(node.journal(number), &garbage).unwrap();
        node.open();
        let error = node.resume(number).unwrap_err();
        assert!(matches!(&error, ReplayError::Damaged { what: told, .. } if told.contains(&what)), "{error}");
        assert_eq!((node.broker.handed(), fs::read(node.journal(number)).unwrap()), (vec![0], garbage));
        node.kill(number);
    }
    fs::remove_file(node.journal(number)).unwrap();
    node.open();
    let error = node.resume(number).unwrap_err();
    assert!(error.to_string().contains("what was sent is not known"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_list_does_not_wait_for_whoever_reads_the_files_of_a_large_one() {
    let mut node = Node::new(&many(3));
    let number = number(&node.plan(&request(), &many(3)));
    node.restart();
    // A journal that has to be waited for.
    let made = Command::new("mkfifo").arg(node.journal(number)).status().unwrap();
    assert!(made.success());
    thread::scope(|scope| {
        let reading = scope.spawn(|| node.replays().items(number, ItemFilter::default(), 0, 10));
        // Answers once it is being read.
        let mut journal = OpenOptions::new().write(true).open(node.journal(number)).unwrap();
        let (send, receive) = channel();
        let replays = node.replays();
        scope.spawn(move || send.send(replays.list(None, 10).unwrap().0.len()));
        let listed = receive.recv_timeout(Duration::from_secs(20));
        journal.write_all(b"nonsense\n").unwrap();
        assert!(matches!(reading.join().unwrap(), Err(ReplayError::Damaged { .. })));
        assert_eq!(listed, Ok(1));
    });
}
