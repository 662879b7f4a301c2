//! Links to the source at the commit that was read.

use std::fmt::Write as _;

use crate::finding::Location;
use crate::report::Web;

/// The address of a place; the forms are those of the large hosts, and of what is run by oneself by the name of the host.
pub fn to(web: &Web, at: &Location) -> String {
    let host = web.page.split('/').nth(2).unwrap_or("");
    let is = |name: &str| host.split(['.', ':', '-']).any(|part| part == name);
    let (first, last) = (at.start_line.max(1), at.end_line.max(at.start_line).max(1));
    let path = encoded(&format!("{}{}", web.below, at.file));
    let (page, commit) = (&web.page, encoded(&web.commit));
    let range = |start: &str, between: &str| {
        if last > first {
            format!("#{start}{first}{between}{last}")
        } else {
            format!("#{start}{first}")
        }
    };
    if is("gitlab") {
        return format!("{page}/-/blob/{commit}/{path}{}", range("L", "-"));
    }
    if is("bitbucket") {
        return format!("{page}/src/{commit}/{path}{}", range("lines-", ":"));
    }
    if is("codeberg") || is("gitea") || is("forgejo") {
        return format!("{page}/src/commit/{commit}/{path}{}", range("L", "-L"));
    }
    format!("{page}/blob/{commit}/{path}{}", range("L", "-L"))
}

/// A path in an address: all but letters, digits and what has no meaning there is spelled out.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => out.push(byte as char),
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_in_the_form_of_their_host_and_hold_no_markup() {
        let to = |page: &str, below: &str, file: &str, end| {
            let at = Location {
                file: file.to_owned(),
                start_line: 3,
                end_line: end,
                ..Location::default()
            };
            let web = Web {
                page: page.to_owned(),
                commit: "abc".to_owned(),
                below: below.to_owned(),
            };
            super::to(&web, &at)
        };
        let hub = "https://github.com/a/b";
        assert_eq!(to(hub, "", "x.py", 3), "https://github.com/a/b/blob/abc/x.py#L3");
        assert_eq!(
            to(hub, "sub/", "a b\"><i>.py", 9),
            "https://github.com/a/b/blob/abc/sub/a%20b%22%3E%3Ci%3E.py#L3-L9"
        );
        assert_eq!(
            to("https://gitlab.example.org/a/b", "", "x.py", 4),
            "https://gitlab.example.org/a/b/-/blob/abc/x.py#L3-4"
        );
        assert_eq!(
            to("https://bitbucket.org/a/b", "", "x.py", 4),
            "https://bitbucket.org/a/b/src/abc/x.py#lines-3:4"
        );
        assert_eq!(
            to("https://codeberg.org/a/b", "", "x.py", 0),
            "https://codeberg.org/a/b/src/commit/abc/x.py#L3"
        );
    }
}
