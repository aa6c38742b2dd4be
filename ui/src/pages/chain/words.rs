//! The contract's words for chains as people read them, with their shape and colour.

use tapline_api::{ChainState, EdgeRule, FindingKind, Level, MissingReason};

use crate::ui::Shape;

/// Shape, colour and word of a state.
pub(crate) fn state(state: ChainState) -> (Shape, Level, &'static str) {
    match state {
        ChainState::Running => (Shape::Running, Level::Act, "Running"),
        ChainState::Complete => (Shape::Well, Level::Ok, "Complete"),
        ChainState::Failed => (Shape::DeadLetter, Level::Bad, "Failed"),
        ChainState::Stuck => (Shape::Stuck, Level::Warn, "Stuck"),
        ChainState::Replayed => (Shape::Replayed, Level::Act, "Replayed"),
    }
}

/// Why something is not there.
pub(crate) fn reason(reason: MissingReason) -> &'static str {
    match reason {
        MissingReason::NotSeen => "not seen",
        MissingReason::Sampled => "not sampled",
        MissingReason::Expired => "expired",
        MissingReason::Erased => "erased",
        MissingReason::Masked => "masked",
        MissingReason::Gap => "in a gap",
        MissingReason::Budget => "beyond the limit",
    }
}

/// Why two members are connected.
pub(crate) fn rule(rule: EdgeRule) -> &'static str {
    match rule {
        EdgeRule::Causation => "declared cause",
        EdgeRule::Link => "span link",
        EdgeRule::Parent => "parent span",
        EdgeRule::DeadLetter => "given up or retried",
        EdgeRule::Replay => "replayed",
        EdgeRule::MessageId => "same message id",
        EdgeRule::Correlation => "same correlation",
        EdgeRule::Id => "same id",
        EdgeRule::Time => "near in time",
    }
}

/// How sure an edge is.
pub(crate) fn confidence(confidence: f64) -> String {
    if confidence >= 0.995 { "certain".to_owned() } else { format!("{:.0} % sure", confidence.clamp(0.0, 1.0) * 100.0) }
}

/// What a finding is about, and how much it matters.
pub(crate) fn finding(kind: FindingKind) -> (&'static str, Level) {
    match kind {
        FindingKind::Duplicate => ("Duplicate", Level::Warn),
        FindingKind::OutOfOrder => ("Out of order", Level::Warn),
        FindingKind::ClockSkew => ("Clock skew", Level::Mute),
        FindingKind::RetryStorm => ("Retry storm", Level::Bad),
        FindingKind::SchemaChange => ("Schema change", Level::Mute),
        FindingKind::LostTrace => ("Lost trace", Level::Warn),
        FindingKind::ReplayLoop => ("Replay loop", Level::Bad),
        FindingKind::Tombstone => ("Tombstone", Level::Mute),
        FindingKind::Recreated => ("Recreated topic", Level::Mute),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certain_is_called_so() {
        assert_eq!([1.0, 0.99, 0.6, 7.0].map(confidence), ["certain", "99 % sure", "60 % sure", "certain"]);
    }
}
