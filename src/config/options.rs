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
        "http.external_url",
        "URL",
        "",
        "Where people find the page, for links in alerts: `https://tapline.example.com`. Without, the address that is listened on.",
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
        "alerts.interval",
        "duration",
        r#""15s""#,
        "How often rules are asked, from 1s to 5m. Queries are asked once a minute at most.",
    ),
    option(
        "alerts.defaults",
        "true or false",
        "true",
        "Whether the rules that come with Tapline are on. Each can be replaced by one of its name, here or on the page.",
    ),
    option(
        "alerts.group_by",
        "list of labels",
        "[]",
        "Alerts that differ in these labels are told in messages of their own. Without, whatever begins together is told together.",
    ),
    option(
        "alerts.group_wait",
        "duration",
        r#""10s""#,
        "How long others are waited for before the first alert of a group is told.",
    ),
    option("alerts.group_interval", "duration", r#""1m""#, "Between two messages about one group."),
    option("alerts.repeat_interval", "duration", r#""4h""#, "After which it is told again what still fires, from 1m."),
    option(
        "alerts.inhibit",
        "list of tables",
        r#"[{ source = ["severity=\"critical\""], target = ["severity!=\"critical\""], equal = ["source", "group", "destination"] }]"#,
        "While an alert fires that meets `source`, those that meet `target` are not told if all labels of `equal` are the same.",
    ),
    option(
        "alerts.rules.<name>.expr",
        "PromQL",
        "",
        "What is asked: each series that is found is an alert. Names are those of `/metrics`. A rule has one of `expr`, `condition` and `sql`.",
    ),
    option(
        "alerts.rules.<name>.condition",
        "text",
        "",
        r#"A condition that Tapline knows by name, such as `group_stands_still{group=~"bill.*"}`; docs/alerts.md lists them."#,
    ),
    option(
        "alerts.rules.<name>.sql",
        "SQL",
        "",
        "A query: each row is an alert, its columns are labels, a column `value` is its number.",
    ),
    option("alerts.rules.<name>.for", "duration", "", "How long it must hold before it fires; at once without."),
    option("alerts.rules.<name>.keep_firing_for", "duration", "", "How long it fires on after it held last."),
    option(
        "alerts.rules.<name>.labels.<label>",
        "text",
        "",
        "Added to each alert; `severity` is `critical`, `error`, `warning` or `info`, `warning` without.",
    ),
    option(
        "alerts.rules.<name>.annotations.<annotation>",
        "text",
        "",
        "What is said: `summary`, `description`, `next_step`, `runbook_url`, with `{{ $labels.<name> }}` and `{{ $value }}`.",
    ),
    option("alerts.rules.<name>.channels", "list of names", "", "Which channels are told; all without."),
    option("alerts.rules.<name>.enabled", "true or false", "", "False for a rule that rests."),
    option("alerts.channels.<name>.kind", "text", "", "`alertmanager`, `webhook`, `slack`, `pagerduty` or `smtp`."),
    option(
        "alerts.channels.<name>.url",
        "URL",
        "",
        "Of the receiver. For `alertmanager` its address is enough; `pagerduty` needs none.",
    ),
    option("alerts.channels.<name>.url_file", "file", "", "Holds the URL, where that is a secret: Slack's is."),
    option(
        "alerts.channels.<name>.allow_private",
        "true or false",
        "",
        "Whether the receiver may be in the machine's own network: loopback, private and link-local addresses are refused without.",
    ),
    option(
        "alerts.channels.<name>.matchers",
        "list of matchers",
        "",
        r#"Which alerts it wants, such as `severity="critical"`; all without."#,
    ),
    option(
        "alerts.channels.<name>.secret_file",
        "file",
        "",
        "Holds what signs messages of a `webhook` (Standard Webhooks): `whsec_` and base64, one a line. All of them sign, so that a receiver can change from one to the next.",
    ),
    option("alerts.channels.<name>.token_file", "file", "", "Holds what is sent as `Authorization: Bearer …`."),
    option(
        "alerts.channels.<name>.routing_key_file",
        "file",
        "",
        "Holds the key of a `pagerduty` integration, Events API v2.",
    ),
    option("alerts.channels.<name>.host", "text", "", "The server of an `smtp` channel."),
    option("alerts.channels.<name>.port", "number", "", "Its port: 587, or 465 for `tls`, or 25 for `none`, without."),
    option("alerts.channels.<name>.tls", "text", "", "`starttls` (without), `tls` from the first byte, or `none`."),
    option("alerts.channels.<name>.user", "text", "", "Who logs in there."),
    option("alerts.channels.<name>.password_file", "file", "", "Holds the password."),
    option("alerts.channels.<name>.from", "text", "", "Who writes: `Tapline <tapline@example.com>`."),
    option("alerts.channels.<name>.to", "list of addresses", "", "To whom."),
    option(
        "alerts.channels.<name>.ca_file",
        "file",
        "",
        "Holds certificates in PEM that are trusted beside the system's.",
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
