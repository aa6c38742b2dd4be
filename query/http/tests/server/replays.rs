//! Replays without a broker: what is refused, and in which words. What is sent is tested on a real Kafka, end to end.

use serde_json::{Value, json};

use crate::kit::{Running, Sample};

async fn posted(server: &Running, path: &str, body: Value) -> (u16, Value) {
    let answer = server.post(path, &body.to_string()).await;
    (answer.status, answer.json())
}

async fn refused(server: &Running, path: &str, body: Value) -> (u16, String, String) {
    let (status, answer) = posted(server, path, body).await;
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    (status, text("code"), text("detail"))
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_make_no_plan_are_refused_with_what_to_do() {
    let server = Running::start().await;
    server.append(&[Sample::new("orders", 0)]);
    let select = json!({"addresses": ["shop/orders/0/0"]});
    for (body, code, words) in [
        (json!({"select": select, "reason": " "}), "bad_replay", "`reason` is empty"),
        (json!({"select": {}, "reason": "x"}), "bad_replay", "exactly one of"),
        (json!({"select": {"addresses": ["nonsense"]}, "reason": "x"}), "bad_address", "four segments"),
        (json!({"select": {"sql": "SELECT 1 AS n"}, "reason": "x"}), "sql_planning", "needs a column `address`"),
        (json!({"select": {"sql": "DROP TABLE events"}, "reason": "x"}), "sql_syntax", "needs a column `address`"),
        (json!({"select": {"fingerprint": "f9"}, "reason": "x"}), "cause_not_found", "f9"),
        (json!({"select": {"addresses": []}, "reason": "x"}), "bad_replay", "nothing waits to be put back"),
        (json!({"select": select, "reason": "x", "rate": 0.0}), "bad_replay", "from 0.001"),
        (json!({"select": select, "reason": "x", "rate": 1.0, "speed": 1.0}), "bad_replay", "cannot both"),
        (json!({"select": select, "reason": "x", "canary": 0}), "bad_replay", "`canary` is 0"),
        (json!({"select": select, "reason": "x", "transform": ".payload |"}), "bad_replay", "line 1"),
        (json!({"select": select, "reason": "x", "faster": true}), "bad_json", "faster"),
        (json!({"select": select, "reason": "x"}), "bad_replay", "`shop` is configured; none is"),
    ] {
        let (status, found, detail) = refused(&server, "/api/v1/replays", body.clone()).await;
        assert_eq!((status / 100, found.as_str()), (4, code), "{body}: {detail}");
        assert!(detail.contains(words), "{body}: {detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replays_that_are_not_there_are_said_so() {
    let server = Running::start().await;
    for path in ["/api/v1/replays/r-1", "/api/v1/replays/r-0", "/api/v1/replays/nonsense", "/api/v1/replays/r-1/items"]
    {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (404, Some("replay_not_found")), "{path}");
    }
    for verb in ["start", "pause", "resume", "cancel", "confirm"] {
        let (status, code, _) = refused(&server, &format!("/api/v1/replays/r-1/{verb}"), json!({"etag": "x"})).await;
        assert_eq!((status, code.as_str()), (404, "replay_not_found"), "{verb}");
    }
    let list = server.get("/api/v1/replays").await.json();
    assert_eq!(
        (list["sentence"].as_str(), list["replays"].as_array().map(Vec::len)),
        (Some("No event was put back yet."), Some(0))
    );
    let (status, code, _) = refused(&server, "/api/v1/demo/fix", json!({})).await;
    assert_eq!((status, code.as_str()), (404, "no_demo"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_shown_before_it_is_planned() {
    let server = Running::start().await;
    server.append(&[Sample::json("orders", 0, "{\"card\":{\"type\":\"CB\"},\"n\":1.10}")]);
    let asked = |program: &str| json!({"select": {"sql": "SELECT address FROM events"}, "transform": program});
    let path = "/api/v1/replays/preview";
    let (status, shown) = posted(&server, path, asked(".payload.card.type = \"CARTE_BANCAIRE\"")).await;
    assert_eq!(status, 200, "{shown}");
    let after = shown[0]["after"].as_str().unwrap();
    assert!(after.ends_with("{\"card\":{\"type\":\"CARTE_BANCAIRE\"},\"n\":1.10}"), "{after}");
    assert!(shown[0]["before"].as_str().unwrap().contains("\"CB\""), "{shown}");
    let (status, shown) = posted(&server, path, asked("error(\"not this one\")")).await;
    assert_eq!(status, 200, "{shown}");
    assert!(shown[0]["error"].as_str().unwrap().contains("not this one"), "{shown}");
}
