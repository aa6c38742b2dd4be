//! Names with values, a line each: `team=shop`. What would break a line is escaped, so that whatever there is can be shown
//! in a field and read back. Pure.

use tapline_api::Labels;

/// As they stand in the field.
pub(super) fn written(labels: &Labels) -> String {
    labels.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("\n")
}

/// What stands in the field; an error is the sentence to show.
pub(super) fn read(text: &str) -> Result<Labels, String> {
    let mut labels = Labels::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) =
            line.split_once('=').ok_or_else(|| format!("`{}` has no `=` behind its name.", line.trim()))?;
        let name = name.trim();
        if name.is_empty() {
            return Err(format!("`{}` has no name before its `=`.", line.trim()));
        }
        if labels.insert(name.to_owned(), unescaped(value)).is_some() {
            return Err(format!("`{name}` stands twice."));
        }
    }
    Ok(labels)
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '\\' => match letters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            letter => letter,
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_names_what_is_wrong_with_it() {
        assert_eq!(read("team"), Err("`team` has no `=` behind its name.".to_owned()));
        assert_eq!(read(" =shop"), Err("`=shop` has no name before its `=`.".to_owned()));
        assert_eq!(read("a=1\na=2"), Err("`a` stands twice.".to_owned()));
        assert_eq!(read("\n  \n"), Ok(Labels::new()));
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back(labels in prop::collection::btree_map("[a-z_]{1,8}", "(?s).{0,12}", 0..5)) {
            prop_assert_eq!(read(&written(&labels)), Ok(labels));
        }
    }
}
