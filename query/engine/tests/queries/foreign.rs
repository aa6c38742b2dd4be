//! Files that another engine wrote answer as ours do.

#[path = "../../../../storage/archive/tests/archive/rewritten.rs"]
mod rewritten;

pub(crate) use rewritten::rewrite;
use tapline_engine::Limits;

use crate::archive::{Shop, Standing};

/// An ID narrows such a file too, once its index is built.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_found_in_a_file_of_another_engine_with_and_without_an_index() {
    let shop = Shop::open(Standing::Foreign).await;
    let sql =
        "SELECT \"offset\", key_text FROM events WHERE id(ids, 'orderId') = 'ORD-1040' AND destination = 'orders'";
    for _ in 0..2 {
        let answer = shop.engine.query(sql, Limits::default()).await.unwrap().json().await.unwrap();
        assert_eq!(answer.warnings, Vec::<String>::new());
        assert_eq!(serde_json::json!(answer.rows), serde_json::json!([[13, "ORD-1040"]]));
        shop.archive.mend();
        assert!(shop.archive.view().files.iter().all(|file| file.sidecar().is_some()));
    }
}
