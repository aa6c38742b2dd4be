//! Reading, refusing, and the reference.

use tapline_decode::{FailureField, TopicRole};

use super::*;

fn read(text: &str, variables: &[(&str, &str)]) -> Result<(Config, Vec<Setting>), ConfigError> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::from_parts(Path::new("tapline.toml"), text, variables)
}

fn refusal(text: &str, variables: &[(&str, &str)]) -> String {
    read(text, variables).unwrap_err().to_string()
}

const CONTRACT: &str = r#"
archive = "./tapline-data"
environment = { name = "staging", colour = "amber", confirm_replays = false }
[http]
listen = "127.0.0.1:8270"
[sources.orders_kafka]
system  = "kafka"
brokers = "localhost:9092"
topics  = ["*"]
exclude = ["*.internal"]
start   = "1h"
groups  = ["*"]
[sources.orders_kafka.client]
"security.protocol" = "PLAINTEXT"
"sasl.password" = "hunter2"
"socket.timeout.ms" = 5000
"#;

#[test]
fn the_contracts_example_is_read() {
    let (config, settings) = read(CONTRACT, &[]).unwrap();
    let source = &config.sources["orders_kafka"];
    assert_eq!(source.exclude, ["*.internal"]);
    assert_eq!(source.client_properties("orders_kafka").unwrap()["security.protocol"], "PLAINTEXT");
    assert_eq!(source.client_properties("orders_kafka").unwrap()["socket.timeout.ms"], "5000");
    assert_eq!(config.environment.name, "staging");
    assert_eq!(config.limits.memory, ByteSize(512 << 20));
    assert!(settings.iter().all(|setting| !setting.value.contains("hunter2")), "secrets are never shown");
}

#[test]
fn a_secret_is_read_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, "hunter2\n").unwrap();
    let text = format!("[sources.a.client]\n\"sasl.password_file\" = {path:?}");
    let (config, _) = read(&text, &[]).unwrap();
    assert_eq!(config.sources["a"].client_properties("a").unwrap()["sasl.password"], "hunter2");
    // Every `_` stood for a dot, and `sasl.password.file` is no property.
    let variable = ("TAPLINE__SOURCES__A__CLIENT__SASL_PASSWORD_FILE", path.to_str().unwrap());
    let (config, _) = read("", &[variable]).unwrap();
    assert_eq!(config.sources["a"].client_properties("a").unwrap()["sasl.password"], "hunter2");
    let missing = read("[sources.a.client]\n\"sasl.password_file\" = \"/nowhere/pw\"", &[]).unwrap().0;
    let refused = missing.sources["a"].client_properties("a").unwrap_err().to_string();
    assert_eq!(
        refused,
        "cannot read /nowhere/pw, which `sources.a.client.\"sasl.password_file\"` names; name a file that this user may read"
    );
}

#[test]
fn a_list_of_one_is_written_without_brackets() {
    let text = "[http]\nhosts = \"tapline.local\"\n[sources.a]\ntopics = \"orders\"";
    let (config, _) = read(text, &[("TAPLINE__SOURCES__A__EXCLUDE", "*.internal")]).unwrap();
    assert_eq!(config.http.hosts, ["tapline.local"]);
    let source = &config.sources["a"];
    assert_eq!([&source.topics[..], &source.exclude[..]].concat(), ["orders", "*.internal"]);
    let (config, _) = read("[sources.a]\nexclude = [\"x\"]", &[("TAPLINE__SOURCES__A__EXCLUDE", "")]).unwrap();
    assert!(config.sources["a"].exclude.is_empty());
}

#[test]
fn levels_are_words_or_directives() {
    for level in ["warn", "INFO", "off", "info,tapline_kafka=debug", "tapline=trace", "[query]=debug"] {
        assert!(read(&format!("[log]\nlevel = {level:?}"), &[]).is_ok(), "{level}");
    }
}

#[test]
fn nothing_configured_is_a_configuration() {
    let (config, _) = read("", &[]).unwrap();
    assert_eq!((config.archive.as_str(), config.sources.len()), ("./tapline-data", 0));
}

#[test]
fn environment_over_file_over_default() {
    let variables = [
        ("TAPLINE__HTTP__LISTEN", "127.0.0.1:9999"),
        ("TAPLINE__SOURCES__ORDERS_KAFKA__TOPICS", r#"["orders"]"#),
        ("TAPLINE__SOURCES__ORDERS_KAFKA__CLIENT__CLIENT_ID", "observer"),
    ];
    let (config, settings) = read(CONTRACT, &variables).unwrap();
    assert_eq!(config.http.listen.port(), 9999);
    assert_eq!(config.sources["orders_kafka"].topics, ["orders"]);
    assert_eq!(config.sources["orders_kafka"].client_properties("orders_kafka").unwrap()["client.id"], "observer");
    let origin = |key: &str| settings.iter().find(|setting| setting.key == key).unwrap().origin;
    assert_eq!(origin("http.listen"), tapline_api::SettingOrigin::Environment);
    assert_eq!(origin("archive"), tapline_api::SettingOrigin::File);
    assert_eq!(origin("log.level"), tapline_api::SettingOrigin::Default);
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_name() {
    let text = refusal("[sources.a]\nbroker = \"x\"", &[]);
    assert_eq!(
        text,
        "tapline.toml: unknown option `sources.a.broker`, did you mean `sources.a.brokers`?; docs/configuration.md lists all"
    );
    let text = refusal("", &[("TAPLINE__HTTP__LISTNE", "x")]);
    assert!(
        text.starts_with("variable TAPLINE__HTTP__LISTNE: unknown option `http.listne`, did you mean `http.listen`?"),
        "{text}"
    );
    for (text, unknown, meant) in [
        ("[server]\nlisten = \"x\"", "server.listen", "http.listen"),
        ("brokers = \"x\"", "brokers", "sources.<name>.brokers"),
        ("[limits]\narchive = \"x\"", "limits.archive", "archive"),
    ] {
        let found = refusal(text, &[]);
        assert!(found.contains(&format!("unknown option `{unknown}`, did you mean `{meant}`?")), "{found}");
    }
}

#[test]
fn wrong_values_name_their_option_and_place() {
    for (text, start) in [
        (
            "[telemetry]\notlp_endpoint = \"collector:4317\"",
            "tapline.toml: option `telemetry.otlp_endpoint`: `collector:4317` does not begin",
        ),
        ("[http]\nlisten = \"nowhere\"", "tapline.toml: option `http.listen`:"),
        ("[limits]\nmemory = \"lots\"", "tapline.toml: option `limits.memory`: \"lots\" is not a size"),
        ("[limits]\nquery_timeout = \"soon\"", "tapline.toml: option `limits.query_timeout`: `soon` is not a duration"),
        ("[log]\nlevel = \"loud\"", "tapline.toml: option `log.level`: `loud` is no level; write `error`"),
        ("[log]\nlevel = \"loud=x=y\"", "tapline.toml: option `log.level`: `loud=x=y` is no level; write `error`"),
        ("[sources.a]\ntopics = 7", "tapline.toml: option `sources.a.topics`: 7 is no list of texts; write such as"),
        (
            "[sources.a]\ngroups = [7]",
            "tapline.toml: option `sources.a.groups`: [7] is no list of texts; write such as",
        ),
        ("[sources.a]\nsystem = \"rabbitmq\"", "tapline.toml: option `sources.a.system`: `rabbitmq` is not supported"),
        ("[sources.a]\nstart = \"yesterday\"", "tapline.toml: option `sources.a.start`: `yesterday` is no start"),
        ("[sources.Bad-Name]\nbrokers = \"x\"", "tapline.toml: option `sources.Bad-Name`: names consist of"),
        ("archive = \"s3://bucket\"", "tapline.toml: option `archive`: `s3://bucket` is a URL"),
        ("archive = \" \"", "tapline.toml: option `archive`: is empty; name the folder"),
        ("[environment]\ncolour = \"pink\"", "tapline.toml: option `environment.colour`: is one of"),
        ("archive = ", "tapline.toml is not valid TOML: TOML parse error at line 1"),
    ] {
        let found = refusal(text, &[]);
        assert!(found.starts_with(start), "{found}");
    }
}

const MEANING: &str = r#"
[sources.a.dead_letters]
topics  = ["*.graveyard"]
retries = "again.*"
neither = ["dead.sea.scrolls"]
[[sources.a.dead_letters.pairs]]
origin = "orders"
dead_letter = "morgue"
retry = "once-more"
[sources.a.dead_letters.headers]
"x.failed.topic" = "origin_topic"
"kafka_dlt-exception-message" = "ignored"
[sources.a.ids]
add = ["sku"]
exclude = ["session_id"]
rename = { "order.id" = "orderId" }
"#;

#[test]
fn what_a_person_knows_of_records_becomes_rules() {
    let (config, settings) =
        read(MEANING, &[("TAPLINE__SOURCES__A__DEAD_LETTERS__RETRIES", r#"["later.*"]"#)]).unwrap();
    let source = &config.sources["a"];
    let rules = source.rules();
    let role = |topic: &str| rules.topics.role(topic);
    assert_eq!([role("eu.graveyard"), role("morgue")], [Some(TopicRole::DeadLetter); 2]);
    assert_eq!([role("later.orders"), role("once-more")], [Some(TopicRole::Retry); 2]);
    assert_eq!([role("dead.sea.scrolls"), role("again.orders")], [None; 2]);
    let own: Vec<_> = rules.failure_headers.iter().take(2).map(|header| (&*header.name, header.field)).collect();
    let expected =
        [("kafka_dlt-exception-message", FailureField::Ignored), ("x.failed.topic", FailureField::OriginTopic)];
    assert_eq!(own, expected);
    assert!(rules.failure_headers.len() > 10, "the well-known ones are kept");
    assert_eq!((&*rules.ids.add, &*rules.ids.exclude), (&["sku".to_owned()][..], &["session_id".to_owned()][..]));
    assert_eq!(rules.ids.rename, [("order.id".to_owned(), "orderId".to_owned())]);
    let pins: Vec<_> = source.dead_letters.pins().map(|pin| &*pin.origin).collect();
    assert_eq!(pins, ["orders"]);
    for setting in settings.iter().filter(|setting| setting.key.starts_with("sources.a.")) {
        assert!(options::find(&setting.key).is_some(), "{} is explained", setting.key);
    }
    let plain = read("[sources.a]\nbrokers = \"x\"", &[]).unwrap().0.sources["a"].rules();
    assert_eq!(plain, tapline_decode::Rules::default());
}

#[test]
fn words_and_keys_about_records_are_refused_with_the_nearest() {
    for (text, says) in [
        (
            "[sources.a.dead_letters]\ntopic = \"x\"",
            "unknown option `sources.a.dead_letters.topic`, did you mean `sources.a.dead_letters.topics`?",
        ),
        ("[sources.a.ids]\nrenames = {a = \"b\"}", "unknown option `sources.a.ids.renames.a`, did you mean"),
        ("[sources.a.dead_letters]\ntopics = 7", "option `sources.a.dead_letters.topics`: 7 is no list of texts"),
        (
            "[sources.a.dead_letters.headers]\n\"x-topic\" = \"original_topic\"",
            "option `sources.a.dead_letters.headers.x-topic`: `original_topic` is nothing that a header says, did you mean `origin_topic`?; write one of origin_topic, ",
        ),
        ("[sources.a.dead_letters.headers]\nx = \"zzz\"", "`zzz` is nothing that a header says; write one of"),
        (
            "[[sources.a.dead_letters.pairs]]\norigin = \"a\"\ndead_leter = \"b\"",
            "unknown option `dead_leter`, did you mean `dead_letter`?",
        ),
        ("[[sources.a.dead_letters.pairs]]\nretry = \"b\"", "lacks `origin`"),
        ("[[sources.a.dead_letters.pairs]]\norigin = \"b\"", "names `origin` alone"),
        ("[sources.a.ids]\nrename = { a = \"b=c\" }", "`b=c` is no name of an identifier"),
    ] {
        let found = refusal(text, &[]);
        assert!(found.contains(says), "{found}");
    }
}

#[test]
fn the_reference_lists_every_option_and_no_other() {
    let reference = include_str!("../../docs/configuration.md");
    let rows = options::OPTIONS.iter().map(|option| {
        let default = if option.default.is_empty() { "–".to_owned() } else { format!("`{}`", option.default) };
        format!("| `{}` | {} | {default} | {} |", option.key, option.kind, option.meaning)
    });
    let wanted: Vec<String> = rows.collect();
    let found: Vec<&str> = reference.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(found, wanted, "docs/configuration.md and the options differ");
}

#[test]
fn limits_nobody_can_work_with_are_refused() {
    for (text, says) in [
        ("[limits]\nmemory = \"1KiB\"", "limits.memory"),
        ("[limits]\ncommit_interval = \"0s\"", "at least \"100ms\""),
        ("[limits]\nquery_rows = 0", "limits.query_rows"),
        ("[limits]\nquery_timeout = \"601s\"", "at most \"10m\""),
        ("[sources.a]\ntopics = []", "nothing would be read"),
        ("[sources.a]\ntopics = \"\"", "nothing would be read"),
        ("[http]\nlisten = \"nowhere\"", "write such as \"127.0.0.1:8270\""),
    ] {
        let refused = refusal(text, &[]);
        assert!(refused.contains(says), "{text}: {refused}");
    }
}
