//! Walks through small worlds.

use tapline_api::EdgeRule;

use crate::ChainError;
use crate::world::{MS, S, T0, arrows, event, places, types, world};

#[test]
fn an_order_is_found_by_its_bare_number_of_five_digits() {
    let world = world(&[
        event("orders OrderPlaced", 0).with("key=12345 message=m-1-aa orderId=12345 customerId=77"),
        event("payments PaymentAuthorised", S).with("key=PAY-0001 orderId=12345"),
        event("orders OrderPlaced", 2 * S).with("key=12346 orderId=12346 customerId=77"),
    ]);
    let chain = world.chain("12345");
    assert_eq!(types(&chain), ["OrderPlaced", "PaymentAuthorised"]);
    assert_eq!(chain.query, "orderId=12345");
    assert_eq!(places(&world.chain("orderId=12345")), places(&chain));
    assert_eq!(places(&world.chain("order_id=12345")), places(&chain));
}

#[test]
fn a_number_under_several_names_lists_the_readings() {
    let world = world(&[
        event("orders OrderPlaced", 0).with("key=ORD-0001 lineCount=1 orderId=777"),
        event("orders OrderPaid", S).with("key=ORD-0001 orderId=777"),
        event("users UserCreated", 2 * S).with("key=USR-0001 userId=777"),
    ]);
    let chain = world.chain("777");
    assert_eq!((chain.query.as_str(), chain.members.len()), ("orderId=777", 2));
    assert_eq!(chain.also.len(), 1);
    assert_eq!((chain.also[0].name.as_str(), chain.also[0].value.as_str()), ("userId", "777"));
    assert_eq!(types(&world.chain("userId=777")), ["UserCreated"]);
}

#[test]
fn a_key_joins_the_same_value_under_a_name() {
    let world = world(&[
        event("orders OrderPlaced", 0).with("key=ORD-84127190"),
        event("payments PaymentAuthorised", S).with("key=PAY-0001 orderId=ORD-84127190"),
    ]);
    for query in ["ORD-84127190", "orderId=ORD-84127190", "key=ORD-84127190", "order.id=ORD-84127190", "PAY-0001"] {
        assert_eq!(world.chain(query).members.len(), 2, "{query}");
    }
}

#[test]
fn a_name_that_is_only_ever_a_key_is_understood() {
    let world = world(&[event("orders OrderPlaced", 0).with("key=ORD-84127190")]);
    assert_eq!(world.chain("orderId=ORD-84127190").members.len(), 1);
    assert!(world.chain("orderId=ORD-84127191").members.is_empty());
}

#[test]
fn a_customer_is_a_reference_and_shows_its_own_rows() {
    let world = world(&[
        event("orders OrderPlaced", 0).with("key=ORD-000001 customerId=C-4711"),
        event("orders OrderPlaced", S).with("key=ORD-000002 customerId=C-4711"),
        event("payments Paid", 2 * S).with("key=ORD-000001"),
    ]);
    let order = world.chain("ORD-000001");
    assert_eq!(types(&order), ["OrderPlaced", "Paid"]);
    assert_eq!((order.hubs[0].id.value.as_str(), order.hubs[0].rows), ("C-4711", 2));
    let customer = world.chain("customerId=C-4711");
    assert_eq!(types(&customer), ["OrderPlaced", "OrderPlaced"]);
    assert_eq!(customer.hubs[0].id.value, "C-4711");
}

/// Events of one order under keys made at random were a reference that many chains share, not one story.
#[test]
fn random_keys_do_not_tear_an_order_apart() {
    let world = world(&[
        event("stream", 0).with("key=8f1c0a orderId=ORD-000001"),
        event("stream", S).with("key=77ab32 orderId=ORD-000001"),
        event("stream", 2 * S).with("key=d20e91 orderId=ORD-000001"),
    ]);
    for query in ["ORD-000001", "77ab32"] {
        assert_eq!(world.chain(query).members.len(), 3, "{query}");
    }
    assert!(world.chain("ORD-000001").hubs.is_empty());
}

#[test]
fn random_keys_do_not_tear_a_customer_of_its_own_topic_apart() {
    let world = world(&[
        event("customers CustomerMoved", 0).with("key=8f1c0a customerId=C-4711"),
        event("customers CustomerMoved", S).with("key=77ab32 customerId=C-4711"),
    ]);
    assert_eq!(world.chain("C-4711").members.len(), 2);
    assert!(world.chain("C-4711").hubs.is_empty());
}

/// Orders in one currency were one story.
#[test]
fn a_topic_keyed_by_a_category_does_not_glue_its_orders() {
    let world = world(&[
        event("payments", 0).with("key=EUR orderId=ORD-000001"),
        event("payments", S).with("key=EUR orderId=ORD-000002"),
        event("payments", 2 * S).with("key=EUR orderId=ORD-000003"),
        event("tickers Moved", 0).with("key=DAX"),
        event("tickers Moved", S).with("key=DAX"),
    ]);
    assert_eq!(world.chain("ORD-000002").members.len(), 1);
    assert_eq!(world.chain("EUR").members.len(), 3);
    assert_eq!(world.chain("DAX").members.len(), 2);
}

/// What the rows name is no random key.
#[test]
fn a_customer_of_orders_just_placed_does_not_glue_them() {
    let world = world(&[
        event("orders OrderPlaced", 0).with("key=ORD-000001 orderId=ORD-000001 customerId=C-4711"),
        event("orders OrderPlaced", S).with("key=ORD-000002 orderId=ORD-000002 customerId=C-4711"),
    ]);
    assert_eq!(world.chain("ORD-000001").members.len(), 1);
}

#[test]
fn a_customer_with_a_topic_of_its_own_does_not_glue_orders() {
    let world = world(&[
        event("customers CustomerRegistered", 0).with("key=C-471100 trace=c0"),
        event("orders OrderPlaced", S).with("key=ORD-000001 customerId=C-471100 trace=a1"),
        event("payments Paid", 2 * S).with("key=ORD-000001 customerId=C-471100 trace=a1"),
        event("orders OrderPlaced", 3 * S).with("key=ORD-000002 customerId=C-471100 trace=a2"),
        event("payments Paid", 4 * S).with("key=ORD-000002 customerId=C-471100 trace=a2"),
    ]);
    assert_eq!(world.chain("ORD-000001").members.len(), 2);
    assert_eq!(world.chain("C-471100").members.len(), 5);
}

#[test]
fn an_order_with_several_parcels_and_traces_stays_whole() {
    let mut events = vec![
        event("orders OrderPlaced", 0).with("key=ORD-000001 trace=a1"),
        event("orders OrderPaid", S).with("key=ORD-000001 trace=a1"),
    ];
    for parcel in 0..4 {
        let ids = format!("key=SHP-00000{parcel} orderId=ORD-000001 trace=a1");
        events.push(event("shipping ParcelPacked", (2 + parcel) * S).with(&ids));
        events.push(event("shipping ParcelDispatched", (9 + parcel) * S).with(&ids));
    }
    // Every request of the customer has a trace of its own.
    for update in 0..3 {
        let ids = format!("key=ORD-000001 trace=b{update} requestRef=REQ-00{update}");
        events.push(event("orders OrderUpdated", (20 + update) * S).with(&ids));
    }
    let world = world(&events);
    for query in ["ORD-000001", "SHP-000002", "REQ-001"] {
        assert_eq!(world.chain(query).members.len(), events.len(), "{query}");
    }
}

#[test]
fn an_order_and_a_ticket_of_one_customer_stay_apart() {
    let world = world(&[
        event("orders OrderPlaced", 0).with("key=ORD-000001 customerId=C-471100 correlation=corr-01"),
        event("payments Paid", S).with("key=ORD-000001 customerId=C-471100 correlation=corr-01"),
        event("tickets TicketOpened", 2 * S).with("key=TCK-000001 customerId=C-471100 correlation=corr-02"),
    ]);
    assert_eq!(types(&world.chain("ORD-000001")), ["OrderPlaced", "Paid"]);
    assert_eq!(types(&world.chain("TCK-000001")), ["TicketOpened"]);
}

#[test]
fn a_trace_that_outlived_its_request_is_a_reference() {
    let mut events = Vec::new();
    for order in 0..5 {
        let at = order * 10 * S;
        events.push(event("orders OrderPlaced", at).with(&format!("key=ORD-00000{order}")));
        events.push(event("shipping Packed", at + S).with(&format!("key=ORD-00000{order} trace=feed")));
        events.push(event("shipping Sent", at + 2 * S).with(&format!("key=ORD-00000{order} trace=feed")));
    }
    let chain = world(&events).chain("ORD-000003");
    assert_eq!(types(&chain), ["OrderPlaced", "Packed", "Sent"]);
    assert_eq!((chain.hubs.len(), chain.hubs[0].id.name.as_str(), chain.hubs[0].rows), (1, "trace_id", 10));
}

#[test]
fn a_driver_of_eight_hundred_parcels_is_not_swallowed() {
    let mut events = Vec::new();
    for parcel in 0..400 {
        for (step, kind) in ["Loaded", "Delivered"].iter().enumerate() {
            let ids = format!("key=PAR-{parcel:06} driverId=DRV-0001");
            events.push(event(&format!("parcels {kind}"), parcel * S + step as i64 * 100 * MS).with(&ids));
        }
    }
    let world = world(&events);
    let chain = world.chain("PAR-000200");
    assert_eq!((types(&chain), chain.hubs[0].rows), (vec!["Loaded", "Delivered"], 800));
    let driver = world.chain("DRV-0001");
    assert_eq!((driver.members.len(), driver.truncated), (world.options.direct_rows, true));
}

#[test]
fn the_layout_of_files_does_not_change_a_chain() {
    let mut events = Vec::new();
    for order in 0..12 {
        let ids = format!("key=ORD-00000{order} customerId=C-471100 trace=a{order}");
        events.push(event("orders OrderPlaced", order * S).with(&ids));
        events.push(event("payments Paid", order * S + 500 * MS).with(&ids));
    }
    let hot = crate::world::world_of(&events, (0, 0)).chain("ORD-000007");
    let archived = crate::world::world_of(&events, (9, 24)).chain("ORD-000007");
    assert_eq!((hot.members.len(), hot.headline.as_str()), (2, archived.headline.as_str()));
    assert_eq!((hot.members, hot.edges, hot.hubs), (archived.members, archived.edges, archived.hubs));
}

#[test]
fn what_one_event_caused_is_one_chain() {
    let mut events = vec![event("imports BatchImported", 0).with("key=BATCH-01 message=msg-batch")];
    for order in 0..5 {
        events.push(event("orders OrderPlaced", S).with(&format!("key=ORD-00000{order} cause=msg-batch")));
    }
    assert_eq!(world(&events).chain("ORD-000003").members.len(), 6);
}

#[test]
fn retries_and_dead_letters_hang_on_their_origin() {
    let origin = ("orders", 0, 0);
    let world = world(&[
        event("orders OrderPlaced", 0).with("message=msg-0001 key=ORD-000001"),
        event("orders-retry OrderPlaced", S).with("message=msg-0001 key=ORD-000001").retry(origin, 2),
        event("orders-retry OrderPlaced", 6 * S).with("message=msg-0001 key=ORD-000001").retry(origin, 3),
        event("orders-dlt OrderPlaced", 7 * S).with("message=msg-0001 key=ORD-000001").dead(origin, "pay", "Bad", 3),
    ]);
    let chain = world.chain("shop/orders-dlt/0/0");
    let expected = [
        "orders/0/0 → orders-retry/0/0 dead_letter",
        "orders-retry/0/0 → orders-retry/0/1 dead_letter",
        "orders-retry/0/1 → orders-dlt/0/0 dead_letter",
    ];
    assert_eq!(arrows(&chain), expected);
    assert_eq!(chain.members.iter().map(|member| member.distance).collect::<Vec<_>>(), [3, 2, 1, 0]);
    let origin = chain.members[3].dead_letter.as_ref().unwrap().origin.as_deref();
    assert_eq!(origin, Some("shop/orders/0/0"));
}

#[test]
fn a_dead_letter_leads_to_its_origin_by_address_alone() {
    let world = world(&[
        event("orders OrderPlaced", 0).with("key=ORD-000001"),
        event("orders-dlt", S).dead(("orders", 0, 0), "pay", "Bad", 1),
    ]);
    assert_eq!(world.chain("ORD-000001").members.len(), 2);
    assert_eq!(world.chain("shop/orders-dlt/0/0").members.len(), 2);
}

#[test]
fn a_dead_letter_means_the_life_of_the_topic_that_had_begun() {
    let mut second = event("orders OrderPlaced", 100 * S).with("key=ORD-000002").at(0, 0);
    second.incarnation = 2;
    let world = world(&[
        event("orders OrderPlaced", 0).with("key=ORD-000001").at(0, 0),
        event("orders-dlt", S).dead(("orders", 0, 0), "pay", "Bad", 1),
        second,
        event("orders-dlt", 101 * S).dead(("orders", 0, 0), "pay", "Bad", 1),
    ]);
    assert_eq!(places(&world.chain("ORD-000001")), ["orders-dlt/0/0", "orders/0/0"].map(str::to_owned).into());
    assert_eq!(places(&world.chain("ORD-000002")), ["orders-dlt/0/1", "orders~2/0/0"].map(str::to_owned).into());
}

#[test]
fn causes_come_first_even_when_clocks_say_otherwise() {
    let world = world(&[
        event("payments Paid", 0).with("message=msg-0002 cause=msg-0001 trace=a1"),
        event("orders OrderPlaced", 300 * MS).with("message=msg-0001 trace=a1"),
        event("mail Sent", S).with("message=msg-0003 trace=a1"),
    ]);
    let chain = world.chain("msg-0003");
    assert_eq!(types(&chain), ["OrderPlaced", "Paid", "Sent"]);
    assert_eq!(arrows(&chain), ["orders/0/0 → payments/0/0 causation", "payments/0/0 → mail/0/0 correlation"]);
    assert_eq!(chain.edges[0].evidence, "`Paid` declares message `msg-0001` as its cause");
    assert_eq!(chain.edges[1].rule, EdgeRule::Correlation);
}

#[test]
fn causes_in_a_circle_end() {
    let world = world(&[
        event("a A", 0).with("message=msg-000a cause=msg-000b"),
        event("b B", S).with("message=msg-000b cause=msg-000a"),
    ]);
    let chain = world.chain("msg-000a");
    assert_eq!((types(&chain), chain.edges.len()), (vec!["A", "B"], 2));
}

#[test]
fn a_replay_leads_from_the_dead_letter() {
    let ids = "message=msg-0001 key=ORD-000001";
    let world = world(&[
        event("orders OrderPlaced", 0).with(ids),
        event("orders-dlt OrderPlaced", S).with(ids).dead(("orders", 0, 0), "pay", "Bad", 1),
        event("orders OrderPlaced", 9 * S).with(ids).with("replay=r-31"),
    ]);
    let chain = world.chain("ORD-000001");
    assert_eq!(arrows(&chain), ["orders/0/0 → orders-dlt/0/0 dead_letter", "orders-dlt/0/0 → orders/0/1 replay"]);
    assert_eq!(world.chain("replay_id=r-31").members.len(), 1);
}

/// Without a message id it hung loosely beside the others, and without a key it was not there.
#[test]
fn a_replay_leads_from_what_its_header_names() {
    let world = world(&[
        event("orders OrderPlaced", 0).with("key=ORD-000001"),
        event("orders-dlt OrderPlaced", S).with("key=ORD-000001").dead(("orders", 0, 0), "pay", "Bad", 1),
        event("orders OrderPlaced", 9 * S).with("replay=r-31 tapline-replay-origin=shop/orders-dlt/0/0"),
    ]);
    let chain = world.chain("ORD-000001");
    assert_eq!(arrows(&chain), ["orders/0/0 → orders-dlt/0/0 dead_letter", "orders-dlt/0/0 → orders/0/1 replay"]);
    assert!(chain.members.iter().all(|member| member.ids.iter().all(|id| id.name != "tapline-replay-origin")));
}

#[test]
fn absent_timestamps_do_not_break_the_order() {
    let mut timeless = event("orders OrderPlaced", 0).with("key=ORD-000001");
    timeless.time = Some(-1_000);
    let world = world(&[timeless, event("payments Paid", S).with("key=ORD-000001")]);
    let chain = world.chain("ORD-000001");
    assert_eq!(types(&chain), ["OrderPlaced", "Paid"]);
    assert_eq!(chain.members[0].timestamp, None);
    assert_eq!(chain.started_at, Some(tapline_model::time::format(T0 + S)));
}

#[test]
fn nothing_and_nonsense() {
    let world = world(&[event("orders OrderPlaced", 0).with("key=ORD-000001 trace=463ac35c9f6413ad")]);
    assert!(world.chain("ORD-999999").members.is_empty());
    assert!(world.chain("shop/orders/0/77").members.is_empty());
    assert_eq!(world.chain("463ac35c9f6413ad").members.len(), 1);
    let ask = |query: &str| crate::chain(&world.view, &world.ledger, query, T0, &world.options);
    assert!(matches!(ask("  "), Err(ChainError::Empty)));
    assert!(matches!(ask(&"x".repeat(300)), Err(ChainError::TooLong(300))));
    for hostile in ["=", "a=b=c", "%", "////", "shop/orders/0/%ff", "\u{0}", "name=", "=value"] {
        assert!(ask(hostile).unwrap().members.is_empty(), "{hostile}");
    }
}
