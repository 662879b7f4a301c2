//! What only the page has: its style and script, the policy that lets nothing else run, and its pictures.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::charts::{Chart, charts};
use super::themes::Theme;
use crate::report::Report;

const STYLE: &str = include_str!("../../../templates/audit.css");
const SCRIPT: &str = include_str!("../../../templates/audit.js");

/// What the HTML page has beside the text: style, script, policy, charts.
#[derive(Debug, Serialize)]
pub struct AuditPage {
    pub style: &'static str,
    pub script: &'static str,
    /// The content security policy: nothing is loaded, and only this style and this script are used.
    pub policy: String,
    pub charts: Vec<Chart>,
}

/// The parts for a report.
pub fn page(report: &Report, themes: &[Theme<'_>]) -> AuditPage {
    let (style, script) = (hash(STYLE), hash(SCRIPT));
    AuditPage {
        style: STYLE,
        script: SCRIPT,
        policy: format!("default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"),
        charts: charts(report, themes),
    }
}

/// The source expression of a text: `'sha256-…'`.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(text.as_bytes())))
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let part = |at: usize| chunk.get(at).copied().map_or(0, u32::from);
        let bits = part(0) << 16 | part(1) << 8 | part(2);
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= chunk.len() { letter as char } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_browsers() {
        assert_eq!(
            hash("alert('Hello, world.');"),
            "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
        );
        assert_eq!(
            (base64(b"a"), base64(b"ab"), base64(b"abc")),
            ("YQ==".into(), "YWI=".into(), "YWJj".into())
        );
    }

    #[test]
    fn the_script_and_the_style_end_only_where_they_end() {
        assert!(!SCRIPT.contains("</") && !STYLE.contains("</"));
    }

    #[test]
    fn the_bytes_that_are_hashed_are_the_same_on_every_system() {
        let attributes = include_str!("../../../.gitattributes");
        for (text, pattern) in [(SCRIPT, "templates/*.js text eol=lf"), (STYLE, "templates/*.css text eol=lf")] {
            assert!(!text.contains('\r') && attributes.lines().any(|line| line == pattern), "{pattern}");
        }
    }

    #[test]
    fn the_script_reads_no_name_as_anything_but_text() {
        for reader in ["JSON.parse", "eval(", "Function(", "innerHTML", "outerHTML", "insertAdjacentHTML"] {
            assert!(!SCRIPT.contains(reader), "{reader}");
        }
    }
}
