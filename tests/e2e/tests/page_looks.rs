//! Every page, dark and light, on a laptop and on a large screen, with everything and with nothing to show: whole, still,
//! and without a complaint of the browser.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tapline_kit::{Browser, Tapline, wait_for};

/// What is asked of every page. The shift is the browser's own measure of how far things moved without being asked.
const FAULTS: &str = "
    return (async () => {
    const wide = element => element && element.scrollWidth > element.clientWidth + 1;
    const text = document.body.innerText;
    const shifts = await new Promise(done => {
        new PerformanceObserver(list => done(list.getEntries())).observe({ type: 'layout-shift', buffered: true });
        setTimeout(() => done([]), 200);
    });
    const words = [...document.querySelectorAll('.tk')].map(word => word.getBoundingClientRect()).filter(word => word.width);
    const meet = words.some((one, at) => words.slice(at + 1).some(two => one.left < two.right && two.left < one.right));
    const moved = shift => shift.sources.map(source => (source.node?.className || source.node?.nodeName) + ' '
        + source.previousRect.y + '>' + source.currentRect.y);
    const sum = shifts.reduce((sum, shift) => sum + shift.value, 0);
    return [
        document.documentElement.dataset.theme !== THEME && 'another theme',
        wide(document.documentElement) && 'the document is wider than the window',
        wide(document.querySelector('.page')) && 'the page is wider than its place',
        document.querySelectorAll('h1').length !== 1 && 'not one h1',
        document.querySelectorAll('main').length !== 1 && 'not one main',
        /undefined|NaN|\\[object/.test(text) && 'words of a fault: ' + text.match(/.*(undefined|NaN|\\[object).*/)[0],
        meet && 'words of the axis cover each other',
        sum > 0.05 && 'it moved by ' + sum.toFixed(3) + ': ' + shifts.flatMap(moved).join(', '),
    ].filter(fault => fault) })()";

/// A page: its name and address, what stands on it when it has come, and the one call that fails on it.
type Page = (&'static str, String, &'static str, &'static str);

#[tokio::test(flavor = "multi_thread")]
async fn every_page_looks_whole_with_everything_on_it() -> Result<()> {
    let tapline = Tapline::demo(&["--orders-per-minute", "240", "--history-minutes", "30"])?;
    let begun = tapline.get("/api/v1/status")?.1["now"].as_str().context("a time")?.to_owned();
    let count = |of: &str| Ok::<_, anyhow::Error>(tapline.sql(&format!("SELECT count(*) FROM {of}"))?[0][0].as_u64());
    wait_for("dead letters in the demo's past, and its present", Duration::from_secs(120), || {
        let dead = count("dead_letters WHERE destination = 'orders-dlt'")?;
        let paid = count(&format!("events WHERE destination = 'payments' AND timestamp > '{begun}'"))?;
        Ok((dead > Some(3) && paid > Some(0)).then_some(()))
    })?;
    let dead = tapline.sql("SELECT address, key_text FROM dead_letters WHERE destination = 'orders-dlt' LIMIT 1")?;
    let text = |at: usize| dead[0][at].as_str().context("a text");
    let (event, order) = (text(0)?.replace('%', "%25").replace('/', "%2F"), text(1)?);
    put_back(&tapline)?;
    let pages = [
        ("overview", "/?".to_owned(), ".needs li, .calm-panel", NONE),
        ("events", "/events?".to_owned(), "table.ev tbody tr[id]", NONE),
        ("drawer", format!("/events?event={event}&"), ".drawer .why-dead", NONE),
        ("no-match", "/events?type=Nothing&".to_owned(), ".evp .empty", NONE),
        ("consumers", "/consumers?".to_owned(), ".opened .hr", NONE),
        ("alerts", "/alerts?".to_owned(), ".rules tbody tr", NONE),
        ("chain", format!("/chain/{order}?"), ".wr", NONE),
        ("chain-drawer", format!("/chain/{order}?event={event}&"), ".drawer .why-dead", NONE),
        ("table-drawer", format!("/chain/{order}?view=table&event={event}&"), ".drawer .why-dead", NONE),
        ("sequence", format!("/chain/{order}?view=sequence&"), ".sr", NONE),
        ("table", format!("/chain/{order}?view=table&"), ".table-view tbody tr", NONE),
        ("unknown", "/chain/ORD-0?".to_owned(), ".not-found .notes li", "/api/v1/chains/ORD-0"),
        // The original of the newest may stand in a backlog that is not read yet.
        ("dead-letters", "/dead-letters?".to_owned(), ".apart b", "/api/v1/events/shop/"),
        ("replays", "/replays?".to_owned(), "table.replay-list tbody tr", NONE),
        ("replay-done", "/replays/r-1?".to_owned(), ".runp .outs", NONE),
        ("replay-plan", "/replays/r-2?".to_owned(), ".plan .checks", NONE),
        ("sql", "/sql?sql=SELECT%20type%20FROM%20events%20LIMIT%209&".to_owned(), "table.res tbody tr", NONE),
        ("sql-fault", "/sql?sql=SELECT%20a%20FROM%20events&".to_owned(), ".at-fault u", "/api/v1/sql"),
        ("system", "/system?".to_owned(), ".settings tbody tr", NONE),
        ("nowhere", "/nowhere?".to_owned(), "h1", NONE),
    ];
    look(tapline.address(), "full", &pages).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_looks_whole_with_nothing_on_it() -> Result<()> {
    let tapline = Tapline::start("")?;
    let pages = [
        ("overview", "/?".to_owned(), ".steps", NONE),
        ("events", "/events?".to_owned(), ".steps", NONE),
        ("unknown", "/chain/ORD-0?".to_owned(), ".not-found .notes li", "/api/v1/chains/ORD-0"),
        ("consumers", "/consumers?".to_owned(), ".consumers .empty", NONE),
        ("alerts", "/alerts?".to_owned(), ".rules tbody tr", NONE),
        ("dead-letters", "/dead-letters?".to_owned(), ".dead-letters .empty", NONE),
        ("replays", "/replays?".to_owned(), ".steps", NONE),
        ("sql", "/sql?".to_owned(), ".outg .empty", NONE),
        ("system", "/system?".to_owned(), ".settings tbody tr", NONE),
    ];
    look(tapline.address(), "empty", &pages).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_in_looks_whole() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("token");
    std::fs::write(&file, "4f1c9a7e2b6d8035\n")?;
    let tapline = Tapline::start(&format!("token_file = {file:?}\n"))?;
    look(tapline.address(), "guarded", &[("log-in", "/?".to_owned(), "input[name=token]", "/api/v1/")]).await
}

/// One replay that is over, and one that is planned.
fn put_back(tapline: &Tapline) -> Result<()> {
    let dead = "SELECT address FROM dead_letters WHERE destination = 'orders-dlt'";
    let plan = |sql: &str| {
        let (stop, reason) = (json!({"failed_again": 1.0}), "payments reads CB since 1.4.2");
        let request = json!({"select": {"sql": sql}, "rate": 50, "stop": stop, "reason": reason, "who": "mara"});
        let (status, planned) = tapline.post("/api/v1/replays", &request)?;
        ensure!(status == 200, "{planned}");
        Ok(planned)
    };
    let first = plan(&format!("{dead} ORDER BY timestamp LIMIT 2"))?;
    let act = json!({"etag": first["etag"], "who": "mara"});
    let (status, started) = tapline.post("/api/v1/replays/r-1/start", &act)?;
    ensure!(status == 200, "{started}");
    wait_for("the replay to be over and known", Duration::from_secs(120), || {
        let now = tapline.get("/api/v1/replays/r-1")?.1;
        Ok((now["state"] == "done" && now["progress"]["pending"] == 0).then_some(()))
    })?;
    plan(dead).map(drop)
}

/// No call fails.
const NONE: &str = "no call";

async fn look(base: &str, kind: &str, pages: &[Page]) -> Result<()> {
    let mut faults = Vec::new();
    for (width, height) in [(1280, 900), (1920, 1080)] {
        let browser = Browser::open(width, height).await?;
        for theme in ["dark", "light"] {
            for (name, path, there, fails) in pages {
                browser.go(&format!("{base}{path}theme={theme}")).await?;
                browser.find(there).await.with_context(|| format!("{kind} {name}"))?;
                browser.until("!document.querySelector('.skel:not(.ghost .skel)')").await?;
                let told = browser.script(&FAULTS.replace("THEME", &format!("'{theme}'"))).await?;
                let mut complaints = browser.complaints().await?;
                complaints.retain(|line| !line.contains(fails));
                browser.picture(&format!("{kind}-{name}-{theme}-{width}")).await?;
                if told != json!([]) || !complaints.is_empty() {
                    faults.push(format!("{name}, {theme}, {width} px: {told} {complaints:?}"));
                }
            }
        }
    }
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}
