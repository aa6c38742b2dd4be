//! The page's files, or the placeholder before it is built.

use crate::kit::Running;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_answers_on_all_its_paths() {
    let running = Running::start().await;
    for path in ["/", "/events?destination=a", "/chain/orderId=1.5", "/chain/a%2Fb.c", "/sql", "/system", "/nowhere"] {
        let answer = running.get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=utf-8")), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
        assert!(!answer.text().contains("<script>"), "the policy allows no inline script");
    }
    let head = running.send("HEAD", "/", &[], b"").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn built_files_are_kept_compressed_and_told_apart() {
    let running = Running::start().await;
    let index = running.get("/").await.text();
    let Some(script) = index.split('"').find(|word| word.starts_with("/assets/") && word.ends_with(".js")) else {
        assert!(index.contains("cargo xtask ui"), "without a built page the placeholder says how to build it");
        return;
    };
    let plain = running.get(script).await;
    assert_eq!(plain.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let etag = plain.header("etag").unwrap().to_owned();
    let again = running.send("GET", script, &[("if-none-match", &etag)], b"").await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let packed = running.send("GET", script, &[("accept-encoding", "br, gzip")], b"").await;
    assert!(packed.header("content-encoding").is_none() || packed.body.len() < plain.body.len());
    assert_eq!(running.get(&format!("{script}.br")).await.status, 404, "variants have no name of their own");
}
