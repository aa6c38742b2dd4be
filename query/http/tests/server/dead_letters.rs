//! Causes of dead letters over a real archive and a real state.

use serde_json::{Value, json};

use crate::kit::{Running, Sample};

const CARD: &str = "Listener failed; Cannot deserialize value of type `a.b.CardType` from String \"CB\": no";

/// An order that was read, with its card type.
fn order(offset: i64, card: &str) -> Sample {
    let payload = format!(r#"{{"id":"ORD-{offset}","card":{{"type":"{card}"}}}}"#);
    Sample { kind: Some("OrderPlaced"), ..Sample::json("orders", offset, &payload) }
}

/// The dead letter of the order at an offset, which stands at the same offset.
fn dead(offset: i64, fingerprint: &'static str, message: &'static str) -> Sample {
    Sample {
        kind: Some("OrderPlaced"),
        key: Some(format!("ORD-{}", offset % 3).into_bytes()),
        dead: Some((fingerprint, message)),
        ..Sample::new("orders-dlt", offset)
    }
}

/// Forty orders of which every fourth has a card that is not known, with their dead letters, and one other failure.
async fn shop() -> Running {
    let running = Running::start().await;
    let card = |offset: i64| if offset % 4 == 0 { "CB" } else { "VISA" };
    running.append(&(0..40).map(|offset| order(offset, card(offset)).ago(600 - offset)).collect::<Vec<_>>());
    let letters: Vec<_> = (0..10).map(|n| dead(4 * n, "f1", CARD).ago(500 - n)).collect();
    running.append(&letters);
    running.append(&[dead(101, "f2", "connection refused").ago(20)]);
    running
}

async fn causes(running: &Running, query: &str) -> Vec<Value> {
    let list = running.get(&format!("/api/v1/dead-letters{query}")).await.json();
    list["causes"].as_array().unwrap().clone()
}

fn ids(causes: &[Value]) -> Vec<&str> {
    causes.iter().map(|cause| cause["fingerprint"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn causes_are_told_by_count_hot_and_archived() {
    let running = shop().await;
    for stored in ["hot", "archived"] {
        let list = running.get("/api/v1/dead-letters").await.json();
        assert_eq!(list["sentence"], "10 orders wait: `payments` could not read card type `CB`.", "{stored}");
        assert_eq!(list["detail"], "No more come in. One other cause waits and grows.");
        let causes = list["causes"].as_array().unwrap();
        assert_eq!(ids(causes), ["f1", "f2"]);
        let card = &causes[0];
        assert_eq!((&card["count"], &card["waiting"], &card["keys"]), (&json!(10), &json!(10), &json!(3)));
        assert_eq!((&card["state"], &card["title"]), (&json!("new"), &json!("card type `CB`")));
        assert_eq!(card["destinations"], json!(["orders-dlt"]));
        assert_eq!(card["newest"], "shop/orders-dlt/0/36");
        assert_eq!(card["trend"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum::<u64>(), 10);
        let detail = running.get("/api/v1/dead-letters/f1").await.json();
        assert_eq!(detail["counts"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum::<u64>(), 10);
        running.archive.flush().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_dead_is_said_in_a_sentence() {
    let running = Running::start().await;
    let list = running.get("/api/v1/dead-letters").await.json();
    assert_eq!((&list["sentence"], &list["causes"]), (&json!("No dead letters were seen."), &json!([])));
    let running = shop().await;
    let list = running.get("/api/v1/dead-letters?q=nothing-like-it").await.json();
    assert_eq!((&list["sentence"], &list["causes"]), (&json!("No dead letters match."), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_paged_newest_first() {
    let running = shop().await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = running.get(&format!("/api/v1/dead-letters/f1/members?limit=4{cursor}")).await.json();
        let members = page["members"].as_array().unwrap();
        seen.extend(members.iter().map(|member| member["origin"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let expected: Vec<String> = (0..10).rev().map(|n| format!("shop/orders/0/{}", 4 * n)).collect();
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sets_a_cause_apart_is_found_without_being_told() {
    let running = shop().await;
    for stored in ["hot", "archived"] {
        let apart = running.get("/api/v1/dead-letters/f1/apart").await.json();
        assert_eq!((&apart["members"], &apart["passed"]), (&json!(10), &json!(30)), "{stored}");
        let expected = json!({"part": "payload", "name": "card.type", "test": "is", "value": "CB",
            "of_members": 1.0, "of_passed": 0.0});
        assert_eq!(apart["facts"], json!([expected]));
        assert!(apart["example"].as_str().unwrap().starts_with("shop/orders/0/"));
        running.archive.flush().await.unwrap();
    }
    let apart = running.get("/api/v1/dead-letters/f2/apart").await.json();
    assert_eq!(apart["reason"], "None of the events that failed is archived, or the headers do not name them.");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_say_is_kept_and_told_with_who_said_it() {
    let running = shop().await;
    let said = json!({"state": "acknowledged", "note": "card team knows", "who": "Mara"});
    let cause = running.post("/api/v1/dead-letters/f1/state", &said.to_string()).await.json()["cause"].clone();
    assert_eq!((&cause["state"], &cause["note"]["text"]), (&json!("acknowledged"), &json!("card team knows")));
    running.post("/api/v1/dead-letters/f1/state", &json!({"state": "resolved"}).to_string()).await;
    assert_eq!(ids(&causes(&running, "").await), ["f2"]);
    assert_eq!(ids(&causes(&running, "?state=closed").await), ["f1"]);
    let history = running.get("/api/v1/dead-letters/f1").await.json()["history"].clone();
    let told = |at: usize| (history[at]["who"].clone(), history[at]["before"].clone(), history[at]["after"].clone());
    assert_eq!(told(0), (json!("somebody"), json!("acknowledged"), json!("resolved")));
    assert_eq!(told(1), (json!("Mara"), json!(null), json!("acknowledged")));

    // A second after it was resolved another one dies.
    running.append(&[dead(200, "f1", CARD).ago(-1)]);
    assert_eq!(causes(&running, "").await[0]["state"], "new", "a cause that came back needs somebody again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cause_is_split_merged_and_put_back() {
    let running = shop().await;
    running.append(&[Sample { kind: Some("OrderChanged"), ..dead(103, "f1", CARD) }]);
    let split = json!({"split_by": "type", "who": "Mara"});
    running.post("/api/v1/dead-letters/f1/group", &split.to_string()).await;
    let parts = causes(&running, "").await;
    let counts: Vec<_> = parts.iter().map(|cause| cause["count"].as_u64().unwrap()).collect();
    assert_eq!(counts, [10, 1, 1], "{parts:?}");
    let changed = parts.iter().find(|cause| cause["types"] == json!(["OrderChanged"])).unwrap();
    let changed = changed["fingerprint"].as_str().unwrap().to_owned();
    assert!(changed.starts_with("f1-"), "{changed}");
    assert_eq!(running.get("/api/v1/dead-letters/f1").await.problem(), "cause_not_found");

    running.post(&format!("/api/v1/dead-letters/{changed}/group"), &json!({"merge_into": "f2"}).to_string()).await;
    let merged = causes(&running, "?q=connection").await;
    assert_eq!((ids(&merged), &merged[0]["count"]), (vec!["f2"], &json!(2)));

    for id in [changed.as_str(), "f1"] {
        running.post(&format!("/api/v1/dead-letters/{id}/group"), &json!({}).to_string()).await;
    }
    assert_eq!(ids(&causes(&running, "").await), ["f1", "f2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_said_is_refused() {
    let running = shop().await;
    let refused = async |path: &str, body: Value| {
        running.post(&format!("/api/v1/dead-letters/{path}"), &body.to_string()).await.problem()
    };
    assert_eq!(refused("nope/state", json!({"state": "resolved"})).await, "cause_not_found");
    assert_eq!(refused("f1/state", json!({"state": "replayed"})).await, "bad_parameter");
    assert_eq!(refused("f1/state", json!({"state": "gone"})).await, "bad_json");
    assert_eq!(refused("f1/state", json!({"state": "resolved", "note": "x".repeat(5_000)})).await, "bad_parameter");
    assert_eq!(refused("f1/group", json!({"split_by": "colour"})).await, "bad_grouping");
    assert_eq!(refused("f1/group", json!({"merge_into": "f1"})).await, "bad_grouping");
    assert_eq!(refused("f1/group", json!({"merge_into": "nope"})).await, "cause_not_found");
    assert_eq!(refused("f1/group", json!({})).await, "bad_grouping");
    for path in
        ["?state=broken", "?cursor=x", "/f1?x=1", "/f1/members?limit=0", "/nope", "/nope/members", "/nope/apart"]
    {
        let answer = running.get(&format!("/api/v1/dead-letters{path}")).await;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.text());
        answer.problem();
    }
}
