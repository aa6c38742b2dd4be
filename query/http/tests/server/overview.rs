//! The overview over a real archive.

use crate::kit::{Running, Sample};

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_archive_says_so() {
    let running = Running::start().await;
    let overview = running.get("/api/v1/overview").await.json();
    assert_eq!(
        (overview["empty"].as_bool(), overview["headline"].as_str()),
        (Some(true), Some("Nothing is archived yet."))
    );
    assert_eq!(overview["needs"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_dead_letters_is_the_headline_and_its_links_show_it() {
    let running = Running::start().await;
    let message = "Listener failed; Cannot deserialize value of type `a.b.CardType` from String \"CARTE_BANCAIRE\": no";
    let order =
        |offset| Sample { producer: Some("storefront"), kind: Some("OrderPlaced"), ..Sample::new("orders", offset) };
    running.append(&(0..50).map(|offset| order(offset).ago(1_800)).collect::<Vec<_>>());
    running.archive.flush().await.unwrap();
    let dead = |offset| Sample { dead: Some(("f1", message)), ..Sample::new("orders-dlt", offset) };
    running.append(&(0..12).map(|offset| dead(offset).ago(1_200 - offset)).collect::<Vec<_>>());

    for stored in ["hot", "archived"] {
        let overview = running.get("/api/v1/overview?from=now-1h").await.json();
        assert_eq!(overview["headline"], "One thing needs a person. 12 orders wait in `orders-dlt`.", "{stored}");
        let need = &overview["needs"][0];
        assert_eq!(need["detail"], "`payments` could not read card type `CARTE_BANCAIRE`.");
        assert_eq!(need["spark"].as_array().unwrap().iter().map(|count| count.as_f64().unwrap()).sum::<f64>(), 12.0);

        assert_eq!(need["actions"][0]["href"], "/dead-letters?cause=f1");
        assert_eq!(running.get("/api/v1/dead-letters/f1").await.json()["cause"]["count"], 12);
        let list = need["actions"][1]["href"].as_str().unwrap().strip_prefix("/events?").unwrap();
        assert_eq!(running.list(list).await.len(), 12, "nothing is claimed that its link does not show");

        assert_eq!(overview["stats"][1]["note"], "12 in range, one cause");
        let edges = overview["flow"]["edges"].as_array().unwrap();
        assert!(edges.iter().any(|edge| edge["label"] == "12 dead"), "{edges:?}");
        running.archive.flush().await.unwrap();
    }
    let before = running.get("/api/v1/overview?from=now-3h&to=now-2h").await.json();
    assert_eq!(before["needs"], serde_json::json!([]), "the range decides");
}
