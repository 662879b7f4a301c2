//! Where a commit can be looked at: its date, and the address of the repository's pages.

use std::path::Path;

use super::Repository;
use crate::error::Error;

/// What is known of the commit that a folder is at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadCommit {
    /// All digits of the commit.
    pub commit: String,
    /// Its day in UTC: `2026-11-30`.
    pub date: String,
    /// The repository's page: `https://example.org/owner/name`; only `http` and `https`.
    pub web: Option<String>,
    /// The folder's path in the repository, with a slash at its end; empty for its top.
    pub below: String,
}

/// What is known of the commit that a folder is at; `None` outside of a repository and before the first commit.
pub fn about(root: &Path) -> Result<Option<HeadCommit>, Error> {
    let Some(repository) = Repository::around(root)? else {
        return Ok(None);
    };
    let reader = repository.reader();
    let Ok(commit) = reader.head_commit() else { return Ok(None) };
    let date = commit.time().map_or_else(|_| String::new(), |time| day(time.seconds));
    let config = reader.config_snapshot();
    let web = config.string("remote.origin.url").and_then(|url| web(&url.to_string()));
    let root = std::fs::canonicalize(root).unwrap_or_default();
    let below = root
        .strip_prefix(repository.top())
        .map(|below| below.to_string_lossy().replace('\\', "/"));
    Ok(Some(HeadCommit {
        commit: commit.id.to_string(),
        date,
        web,
        below: below
            .ok()
            .filter(|below| !below.is_empty())
            .map_or_else(String::new, |below| format!("{below}/")),
    }))
}

/// The address of a repository's pages, from the address that it is fetched from, without names and passwords. Hosts that are fetched
/// from over SSH show their pages over HTTPS. `None` for all else: a path, another scheme, a host that is none.
pub fn web(remote: &str) -> Option<String> {
    let remote = remote.trim();
    let (scheme, rest) = match remote.split_once("://") {
        Some((scheme @ ("https" | "http"), rest)) => (scheme, rest),
        Some(("ssh" | "git+ssh", rest)) => ("https", rest),
        Some(_) => return None,
        // `git@host:owner/name`
        None => {
            let (host, path) = remote.split_once(':')?;
            let host = host.rsplit_once('@').filter(|(user, _)| !user.contains('/'))?.1;
            return page("https", host, path);
        }
    };
    let (authority, path) = rest.split_once('/')?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // The port of SSH is not the port of the pages.
    let host = if remote.starts_with("http") {
        host
    } else {
        host.split(':').next()?
    };
    page(scheme, host, path)
}

fn page(scheme: &str, host: &str, path: &str) -> Option<String> {
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let is_host = name.contains(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        && !port.is_empty()
        && port.chars().all(|c| c.is_ascii_digit());
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let is_path = path.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && path
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~' | '/'));
    (is_host && is_path).then(|| format!("{scheme}://{host}/{path}"))
}

/// The day of a time in seconds since 1970, in UTC.
fn day(seconds: i64) -> String {
    // Days are counted from 1 March of the year 0, so that the day that some years have more comes last.
    let days = seconds.div_euclid(86_400) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_become_addresses() {
        let shown = [
            ("https://github.com/acme/shop.git", Some("https://github.com/acme/shop")),
            (
                "https://me:secret@git.example.org:8443/a/b",
                Some("https://git.example.org:8443/a/b"),
            ),
            ("git@github.com:acme/shop.git", Some("https://github.com/acme/shop")),
            ("ssh://git@git.example.org:2222/a/b.git", Some("https://git.example.org/a/b")),
            ("javascript:alert(1)", None),
            ("javascript://github.com/%0aalert(1)", None),
            ("data:text/html,x", None),
            ("x@javascript:alert(1)", None),
            ("file:///srv/git/a.git", None),
            ("/srv/git/a.git", None),
            ("../a", None),
            ("https://github.com/a/\"><script>", None),
            ("https://github.com/../../b", None),
            ("https:///a/b", None),
            ("https://host", None),
        ];
        for (remote, wanted) in shown {
            assert_eq!(web(remote).as_deref(), wanted, "{remote}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let shown = [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_796_025_599, "2026-11-30"),
            (-1, "1969-12-31"),
        ];
        for (seconds, wanted) in shown {
            assert_eq!(day(seconds), wanted);
        }
    }
}
