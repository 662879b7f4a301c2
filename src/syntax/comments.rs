//! Comments that speak to the tool, in files that no grammar reads: SQL, Prisma, YAML and settings.

use crate::ir::Comment;
use crate::source::Span;

/// The word that addresses the tool.
const ADDRESS: &str = "perfaudit:";
/// What starts a comment, the longest first.
const SIGNS: [&str; 5] = ["<!--", "--", "/*", "//", "#"];

/// Comments with [`ADDRESS`] right after a comment's sign, one a line.
pub fn addressed(text: &str) -> Vec<Comment> {
    let mut out = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Some(at) = line.find(ADDRESS) {
            let before = line.get(..at).unwrap_or_default().trim_end();
            if let Some(sign) = SIGNS.iter().find(|sign| before.ends_with(**sign)) {
                let rest = line.get(at..).unwrap_or_default().trim_end();
                out.push(Comment {
                    text: rest.to_owned(),
                    span: Span::new(start + before.len() - sign.len(), start + at + rest.len()),
                });
            }
        }
        start += line.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_comment_style_is_read_and_strings_are_not() {
        let text =
            "-- perfaudit: ignore[a] one\r\nx /* perfaudit: ignore[b] two */\n# perfaudit: ignore[c] three\n'say perfaudit: ignore[d]'\n";
        let found = addressed(text);
        let texts: Vec<&str> = found.iter().map(|comment| comment.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "perfaudit: ignore[a] one",
                "perfaudit: ignore[b] two */",
                "perfaudit: ignore[c] three"
            ]
        );
        assert_eq!(found[0].span, Span::new(0, 27));
        let shown = |comment: &Comment| &text[comment.span.start as usize..comment.span.end as usize];
        assert_eq!(shown(&found[1]), "/* perfaudit: ignore[b] two */");
    }
}
