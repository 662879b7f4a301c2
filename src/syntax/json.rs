//! JSON with comments and trailing commas, as `tsconfig.json` has them.

use crate::budget::{self, Limit};

/// Parses JSON; comments and trailing commas are taken out where it needs that. `None` where it does not parse, or is too large.
pub fn parse(text: &str) -> Option<serde_json::Value> {
    if text.len() > Limit::SettingsSize.count() {
        budget::tell(Limit::SettingsSize, 0);
        return None;
    }
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    let parsed = serde_json::from_str(&plain(text));
    // The only words by which the parser tells that from a mistake.
    if parsed.as_ref().is_err_and(|error| error.to_string().starts_with("recursion limit")) {
        budget::tell(Limit::SettingsNesting, 0);
    }
    parsed.ok()
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    let mut in_string = false;
    while let Some(c) = chars.next() {
        if in_string {
            out.push(c);
            match c {
                '\\' => out.extend(chars.next()),
                '"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match (c, chars.peek()) {
            ('"', _) => {
                in_string = true;
                out.push(c);
            }
            ('/', Some('/')) => {
                for skipped in chars.by_ref() {
                    if skipped == '\n' {
                        break;
                    }
                }
            }
            ('/', Some('*')) => {
                let mut last = ' ';
                for skipped in chars.by_ref().skip(1) {
                    if last == '*' && skipped == '/' {
                        break;
                    }
                    last = skipped;
                }
            }
            ('}' | ']', _) => {
                let kept = out.trim_end().trim_end_matches(',').len();
                out.truncate(kept);
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn comments_and_trailing_commas_are_fine() {
        let value = super::parse("{ // a\n \"a\": [1, 2,], /* b */ \"url\": \"http://x\", }").expect("parses");
        assert_eq!(value["url"], "http://x");
        assert_eq!(value["a"][1], 2);
    }

    #[test]
    fn what_is_too_deep_or_too_large_is_told() {
        let told = |text: String| crate::budget::hearing(|| super::parse(&text).is_some());
        assert_eq!(told("[".repeat(1_000)), (false, vec![(super::Limit::SettingsNesting, 0)]));
        let large = format!("[\"{}\"]", "x".repeat(super::Limit::SettingsSize.count()));
        assert_eq!(told(large), (false, vec![(super::Limit::SettingsSize, 0)]));
        assert_eq!(told("[1, {".to_owned()), (false, Vec::new()));
    }
}
