//! Links to the source at the commit that was read.

use std::fmt::Write as _;

use crate::finding::Location;
use crate::report::Web;

/// The address of a place on a host whose form of addresses is known: the large ones, and what is run by oneself under a name that says
/// what it is. `None` for any other: an address that was made up leads nowhere.
pub fn to(web: &Web, at: &Location) -> Option<String> {
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
    match () {
        () if is("github") => Some(format!("{page}/blob/{commit}/{path}{}", range("L", "-L"))),
        () if is("gitlab") => Some(format!("{page}/-/blob/{commit}/{path}{}", range("L", "-"))),
        // What companies run themselves under this name has other addresses.
        () if host == "bitbucket.org" => Some(format!("{page}/src/{commit}/{path}{}", range("lines-", ":"))),
        () if is("codeberg") || is("gitea") || is("forgejo") => Some(format!("{page}/src/commit/{commit}/{path}{}", range("L", "-L"))),
        () => None,
    }
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
            super::to(&web, &at).unwrap_or_default()
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
        for unknown in [
            "https://git.example.org/a/b",
            "https://bitbucket.example.org/a/b",
            "https://hub.example.org/github/b",
        ] {
            assert_eq!(to(unknown, "", "x.py", 4), "", "{unknown}");
        }
    }
}
