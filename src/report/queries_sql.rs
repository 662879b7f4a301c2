//! The list of query sites as SQL: each statement below the place that sends it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::queries::QueryList;
use crate::escape;
use crate::render::statement::Approximation;

/// What the words say, in the order of the words.
fn meanings() -> BTreeMap<&'static str, &'static str> {
    Approximation::ALL.iter().map(|what| (what.word(), what.meaning())).collect()
}

/// A statement with its end, which a comment in its last line must not hold.
fn ended(text: &str) -> String {
    let has_comment = text
        .lines()
        .next_back()
        .is_some_and(|line| line.contains("--") || line.contains('#'));
    format!("{text}{};", if has_comment { "\n" } else { "" })
}

/// One SQL statement a query site, each with what of it is not exact.
pub fn render(list: &QueryList) -> String {
    let mut out = String::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut exact, mut without) = (0, 0);
    for row in &list.queries {
        let place = escape::line(&format!("{}:{}", row.location.file, row.location.start_line));
        let Some(sql) = &row.sql else {
            without += 1;
            let _ = writeln!(out, "-- {place}: {} that cannot be written\n", row.operation);
            continue;
        };
        exact += usize::from(sql.exact);
        for word in &sql.approximated {
            *counts.entry(word).or_default() += 1;
        }
        let how = if sql.exact {
            "exact".to_owned()
        } else {
            format!("approximated: {}", sql.approximated.join(", "))
        };
        let _ = writeln!(
            out,
            "-- {place}: {how}\n{}\n",
            ended(&escape::lines(sql.text.trim_end_matches(';')))
        );
    }
    let _ = writeln!(
        out,
        "-- {} statements: {exact} exact, {} approximated, {without} that cannot be written",
        list.queries.len(),
        list.queries.len() - exact - without
    );
    let meanings = meanings();
    for (word, count) in counts {
        let _ = writeln!(out, "-- {word} ({count}): {}", meanings.get(word).unwrap_or(&""));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_does_not_hold_the_end_of_a_statement() {
        assert_eq!(ended("SELECT 1"), "SELECT 1;");
        assert_eq!(ended("SELECT 1 -- all"), "SELECT 1 -- all\n;");
        assert_eq!(ended("-- all\nSELECT 1"), "-- all\nSELECT 1;");
    }
}
