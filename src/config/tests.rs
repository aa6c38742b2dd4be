//! Reading, refusing, and the reference.

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
