//! Conditions that Tapline knows by name, and the rules that are on from the first start.

use tapline_api::{AlertRule, Labels};

/// A question with a name.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) name: &'static str,
    /// When it holds.
    pub(crate) meaning: &'static str,
    pub(crate) expr: &'static str,
    /// What is said where the page cannot say it better.
    pub(crate) summary: &'static str,
    pub(crate) next_step: &'static str,
}

/// A rule that is on from the first start.
struct Default {
    name: &'static str,
    condition: &'static str,
    hold: &'static str,
    keep: &'static str,
    severity: &'static str,
}

pub(crate) const CONDITIONS: [Condition; 13] = [
    Condition {
        name: "group_stands_still",
        meaning: "a consumer group does not commit any more, or commits the same again and again, though there is more to read",
        expr: r#"kafka_consumergroup_group_sum_lag and on (cluster_name, group) tapline_group_state{state=~"stop|stall"}"#,
        summary: "`{{ $labels.group }}` stands still: {{ $value }} events are not read",
        next_step: "See on which event it stands, and whether its consumers run.",
    },
    Condition {
        name: "group_falls_behind",
        meaning: "a consumer group reads, and does not get nearer to the end",
        expr: r#"kafka_consumergroup_group_sum_lag and on (cluster_name, group) tapline_group_state{state="warn"}"#,
        summary: "`{{ $labels.group }}` falls behind: {{ $value }} events are not read",
        next_step: "Add consumers, or see what makes them slow.",
    },
    Condition {
        name: "group_loses_events",
        meaning: "what a consumer group would read next is deleted",
        expr: r#"kafka_consumergroup_group_sum_lag and on (cluster_name, group) tapline_group_state{state="data_loss"}"#,
        summary: "`{{ $labels.group }}` loses events: what it would read next is deleted",
        next_step: "What was archived can be put back from here; make retention longer first.",
    },
    Condition {
        name: "retention_is_near",
        meaning: "unread events are deleted within the hour, and sooner than the group can read them",
        expr: "min by (cluster_name, group) (tapline_group_retention_margin_seconds < 3600 \
               and tapline_group_retention_margin_seconds < tapline_group_drain_seconds)",
        summary: "`{{ $labels.group }}` loses events in {{ $value | humanizeDuration }} unless it reads faster",
        next_step: "Make the retention of its topics longer, now.",
    },
    Condition {
        name: "dead_letters_burst",
        meaning: "more than ten events died on a destination within five minutes",
        expr: "increase(tapline_dead_letters_total[5m]) > 10",
        summary: "{{ $value }} events died on `{{ $labels.destination }}` within 5 min",
        next_step: "See why they died; put them back once that is mended.",
    },
    Condition {
        name: "dead_letters_wait",
        meaning: "a dead letter has waited for more than a day",
        expr: "tapline_dead_letters_oldest_seconds > 86400",
        summary: "Dead letters on `{{ $labels.destination }}` have waited for {{ $value | humanizeDuration }}",
        next_step: "Put them back, or say that they are resolved.",
    },
    Condition {
        name: "new_cause",
        meaning: "events die for a reason that was never seen before a quarter of an hour ago",
        expr: "tapline_dead_letter_cause_age_seconds < 900",
        summary: "Events die on `{{ $labels.destination }}` for a new reason",
        next_step: "See what sets them apart.",
    },
    Condition {
        name: "destination_is_silent",
        meaning: "nothing comes on a destination for twenty of its usual pauses, though its source is read",
        expr: "tapline_destination_silence_seconds > 120 \
               and tapline_destination_silence_seconds > 20 * tapline_destination_usual_pause_seconds",
        summary: "`{{ $labels.destination }}` has been silent for {{ $value | humanizeDuration }}",
        next_step: "See whether its producers run.",
    },
    Condition {
        name: "source_is_down",
        meaning: "a source is not read, or not all of it",
        expr: "tapline_source_up == 0",
        summary: "`{{ $labels.source }}` is not read as it should be",
        next_step: "See what its broker says.",
    },
    Condition {
        name: "tap_is_behind",
        meaning: "Tapline itself reads a source half a minute late or more",
        expr: "tapline_source_lag_events > 1000 and tapline_source_lag_events > 30 * tapline_source_rate",
        summary: "Tapline itself is {{ $value }} events behind on `{{ $labels.source }}`",
        next_step: "See whether it lacks processor, memory or disk.",
    },
    Condition {
        name: "archive_cannot_write",
        meaning: "reading waits for disk or memory, or rows cannot be written",
        expr: "tapline_paused == 1 or tapline_write_fault == 1",
        summary: "The archive cannot take what comes",
        next_step: "Free some space on its disk.",
    },
    Condition {
        name: "events_expired_unread",
        meaning: "retention deleted events before Tapline read them",
        expr: "increase(tapline_expired_offsets_total[1h]) > 0",
        summary: "{{ $value }} offsets of `{{ $labels.destination }}` expired before they were read",
        next_step: "See why its tap was late.",
    },
    Condition {
        name: "data_is_damaged",
        meaning: "a data file of the archive cannot be read",
        expr: "tapline_archive_damaged_files > 0",
        summary: "{{ $value }} data files cannot be read",
        next_step: "Restore them from a backup; the System page names them.",
    },
];

const DEFAULTS: [Default; 13] = [
    Default::new("GroupStandsStill", "group_stands_still", "1m", "", "critical"),
    Default::new("GroupFallsBehind", "group_falls_behind", "10m", "5m", "warning"),
    Default::new("GroupLosesEvents", "group_loses_events", "", "15m", "critical"),
    Default::new("RetentionIsNear", "retention_is_near", "2m", "2m", "critical"),
    Default::new("DeadLettersBurst", "dead_letters_burst", "", "10m", "warning"),
    Default::new("DeadLettersWait", "dead_letters_wait", "", "", "warning"),
    Default::new("NewCauseOfDeadLetters", "new_cause", "", "", "info"),
    Default::new("DestinationIsSilent", "destination_is_silent", "2m", "", "warning"),
    Default::new("SourceIsDown", "source_is_down", "2m", "1m", "critical"),
    Default::new("TapIsBehind", "tap_is_behind", "5m", "", "warning"),
    Default::new("ArchiveCannotWrite", "archive_cannot_write", "1m", "", "critical"),
    Default::new("EventsExpiredUnread", "events_expired_unread", "", "", "critical"),
    Default::new("DataIsDamaged", "data_is_damaged", "", "", "critical"),
];

impl Default {
    const fn new(
        name: &'static str,
        condition: &'static str,
        hold: &'static str,
        keep: &'static str,
        severity: &'static str,
    ) -> Self {
        Self { name, condition, hold, keep, severity }
    }

    fn rule(&self) -> AlertRule {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        AlertRule {
            condition: some(self.condition),
            hold: some(self.hold),
            keep_firing_for: some(self.keep),
            labels: Labels::from([("severity".to_owned(), self.severity.to_owned())]),
            enabled: true,
            ..AlertRule::default()
        }
    }
}

/// The condition of this name.
pub(crate) fn find(name: &str) -> Option<&'static Condition> {
    CONDITIONS.iter().find(|condition| condition.name == name)
}

/// Rules that are on from the first start, with their names.
pub(crate) fn defaults() -> impl Iterator<Item = (String, AlertRule)> {
    DEFAULTS.iter().map(|it| (it.name.to_owned(), it.rule()))
}
