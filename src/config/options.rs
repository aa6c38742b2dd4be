//! Every option: key, kind, default, meaning. The one list that reading, `tapline check` and the reference share.

/// One option.
pub(crate) struct ConfigOption {
    /// Dotted; `<name>` stands for any source's name.
    pub(crate) key: &'static str,
    /// In words.
    pub(crate) kind: &'static str,
    /// As TOML; empty where there is none.
    pub(crate) default: &'static str,
    /// A sentence or two.
    pub(crate) meaning: &'static str,
}

/// The option that a key in force belongs to.
pub(crate) fn find(key: &str) -> Option<&'static ConfigOption> {
    let path: Vec<String> = key.splitn(4, '.').map(str::to_owned).collect();
    OPTIONS.iter().find(|option| super::layer::matches(option.key, &path))
}

const fn option(key: &'static str, kind: &'static str, default: &'static str, meaning: &'static str) -> ConfigOption {
    ConfigOption { key, kind, default, meaning }
}

/// In the order of the reference.
pub(crate) const OPTIONS: &[ConfigOption] = &[
    option("archive", "folder", r#""./tapline-data""#, "Where events are archived. One process writes to a folder."),
    option("environment.name", "text", r#""local""#, "Shown on the page."),
    option("environment.colour", "text", r#""grey""#, "One of `blue`, `green`, `amber`, `red`, `violet`, `grey`."),
    option(
        "environment.confirm_replays",
        "true or false",
        "false",
        "Whether a replay asks for the environment's name first.",
    ),
    option(
        "http.listen",
        "address",
        r#""127.0.0.1:8270""#,
        "Where page and API are served. An address that is not loopback needs `http.token_file`. Port 0 takes a free one.",
    ),
    option(
        "http.token_file",
        "file",
        "",
        "Holds the token that every call must carry as `Authorization: Bearer …`; the page asks for it once.",
    ),
    option(
        "http.hosts",
        "list of names",
        "[]",
        "Further names under which the server may be called, for example behind a proxy. Others are refused, which keeps foreign pages out.",
    ),
    option(
        "limits.memory",
        "size",
        r#""512MiB""#,
        "For taps and rows that are not written yet. When it is full, reading waits and brokers are not asked for more.",
    ),
    option("limits.query_memory", "size", r#""256MiB""#, "For all SQL queries together."),
    option(
        "limits.query_timeout",
        "duration",
        r#""30s""#,
        "After which a query is stopped that asks for no other time, by `timeout_ms`. Ten minutes is the most for both.",
    ),
    option("limits.query_rows", "number", "10000", "Rows that a query answers when it does not say."),
    option("limits.disk_reserve", "size", r#""1GiB""#, "Free space below which reading waits."),
    option(
        "limits.commit_interval",
        "duration",
        r#""10s""#,
        "Time between commits when little arrives. Rows can be found before they are committed; after a crash they are read again.",
    ),
    option(
        "log.level",
        "text",
        r#""info""#,
        "`error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,tapline_kafka=debug`.",
    ),
    option("log.format", "text", r#""text""#, "`text` or `json`, to standard error."),
    option(
        "telemetry.otlp_endpoint",
        "URL",
        "",
        "Where Tapline's own traces are sent by OTLP over gRPC, for example `http://127.0.0.1:4317`.",
    ),
    option(
        "sources.<name>.system",
        "text",
        r#""kafka""#,
        "Kind of broker. This version reads `kafka` and what speaks its protocol.",
    ),
    option("sources.<name>.brokers", "addresses", r#""localhost:9092""#, "Bootstrap servers, separated by commas."),
    option(
        "sources.<name>.topics",
        "list of globs",
        r#"["*"]"#,
        "What to read. Internal topics (`__*`, `_schemas`, changelogs, repartitions) only when named in full.",
    ),
    option("sources.<name>.exclude", "list of globs", "[]", "What to leave out."),
    option(
        "sources.<name>.start",
        "text",
        r#""1h""#,
        "Where reading begins for what is not in the archive yet: that far back, `earliest`, `latest`, or a time in RFC 3339.",
    ),
    option(
        "sources.<name>.groups",
        "list of globs",
        r#"["*"]"#,
        "Consumer groups whose lag is watched, by a later version; accepted now.",
    ),
    option(
        "sources.<name>.backfill_rate",
        "size a second",
        r#""10MB""#,
        "Bound for reading what was there before, apart from what is new.",
    ),
    option(
        "sources.<name>.payload_limit",
        "size",
        r#""64MiB""#,
        "Longer payloads are kept with their first MiB and a hash of all.",
    ),
    option(
        "sources.<name>.client.<property>",
        "text",
        "",
        "Any librdkafka property, such as `\"security.protocol\"`. Secrets by `\"<property>_file\"`, which names a file.",
    ),
];
