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
    // What stands for any name stands last, and a name may hold dots.
    let path = |option: &ConfigOption| -> Vec<String> {
        let segments = option.key.split('.').count();
        key.splitn(segments, '.').map(str::to_owned).collect()
    };
    OPTIONS.iter().find(|option| super::layer::matches(option.key, &path(option)))
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
    option("replays.most_items", "number", "2000000", "Events that one replay takes."),
    option(
        "replays.attempts",
        "number",
        "3",
        "How often one event may be put back. One that keeps coming back needs a fix, not another replay.",
    ),
    option(
        "replays.second_person_above",
        "number",
        "0",
        "A replay of more events than this has to be confirmed by somebody else than who planned it; 0 asks for nobody.",
    ),
    option(
        "replays.settle",
        "duration",
        r#""10s""#,
        "How long after its sending an event that nobody confirmed may still arrive: after a crash or an outage it is looked for that long before it is sent again.",
    ),
    option(
        "replays.watch",
        "duration",
        r#""10m""#,
        "How long it is watched whether an event that was put back is processed or dies again.",
    ),
    option(
        "lag.interval",
        "duration",
        r#""15s""#,
        "How often consumer groups are asked how far they have read, from 1s to 5m. A broker that answers slowly is asked less often.",
    ),
    option(
        "lag.keep",
        "duration",
        r#""90d""#,
        "How long it is kept how far groups were behind, from 1d: minute by minute for two days, each five minutes for two weeks, each half hour after.",
    ),
    option(
        "lag.kminion_metrics",
        "true or false",
        "false",
        "Whether `/metrics` tells groups under kminion's names too, besides those of kafka-lag-exporter.",
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
    option(
        "sources.<name>.exclude",
        "list of globs",
        "[]",
        "What to leave out, also where a dead letter points to it.",
    ),
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
        "Consumer groups that are watched. Plain names are asked for even where groups cannot be listed.",
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
        "sources.<name>.dead_letters.topics",
        "list of globs",
        "[]",
        "Dead-letter topics whose names do not say so. What is on them is a dead letter if its headers tell of a failure.",
    ),
    option(
        "sources.<name>.dead_letters.retries",
        "list of globs",
        "[]",
        "Retry topics whose names do not say so. What failed and is on them waits for another attempt.",
    ),
    option(
        "sources.<name>.dead_letters.neither",
        "list of globs",
        "[]",
        "Topics that are neither, whatever their names say.",
    ),
    option(
        "sources.<name>.dead_letters.pairs",
        "list of tables",
        "[]",
        "Topics that belong together: `origin`, and its `dead_letter` topic, its `retry` topic or both.",
    ),
    option(
        "sources.<name>.dead_letters.headers.<header>",
        "text",
        "",
        "What a header of a home-grown error handler says: `origin_topic`, `origin_partition`, `origin_offset`, `origin_timestamp`, `consumer_group`, `exception`, `root_cause`, `message`, `stack`, `attempts`, `stage`, `due_at`, or `ignored`.",
    ),
    option(
        "sources.<name>.ids.add",
        "list of names",
        "[]",
        "Fields and headers that are identifiers although their names do not look like it: `sku`, or with the object around it `customer.email`.",
    ),
    option("sources.<name>.ids.exclude", "list of names", "[]", "Fields and headers that are no identifiers."),
    option("sources.<name>.ids.rename.<found>", "text", "", "The name under which an identifier is kept."),
    option(
        "sources.<name>.client.<property>",
        "text",
        "",
        "Any librdkafka property, such as `\"security.protocol\"`. Secrets by `\"<property>_file\"`, which names a file.",
    ),
];
