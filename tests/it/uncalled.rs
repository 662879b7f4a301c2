//! What no user runs weighs little: functions that nothing calls, programs of developers, helpers of tests.

use std::fmt::Write as _;

use perfaudit::finding::{Finding, Priority};

use crate::doors::found;

const FEEDS: &str = "import requests\n\n\ndef fetch(url):\n    return requests.get(url)\n";

/// A service with so many routes, each of which asks another machine.
fn service(routes: usize) -> String {
    let mut text = "import requests\nfrom flask import Flask\n\napp = Flask(__name__)\n".to_owned();
    for at in 0..routes {
        let _ = write!(
            text,
            "\n\n@app.get('/goats/{at}')\ndef goats_{at}():\n    return requests.get('https://goats.example/{at}', timeout=5).text\n"
        );
    }
    text
}

fn of_feeds(files: &[(&str, &str)]) -> Finding {
    let mut all = found("missing-timeout", files);
    all.retain(|one| one.location.file.ends_with("feeds.py"));
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

#[test]
fn what_nothing_calls_is_not_urgent_in_a_service() {
    let served = service(14);
    let one = of_feeds(&[("app/main.py", &served), ("app/feeds.py", FEEDS)]);
    assert_eq!(one.priority, Priority::P3, "{}", one.reason);
    assert!(one.reason.contains("nothing that was found calls it"), "{}", one.reason);
    // In a library, it is there for others to call; of few functions nothing can be told.
    for files in [
        vec![("app/feeds.py", FEEDS)],
        vec![("app/main.py", &service(3)), ("app/feeds.py", FEEDS)],
    ] {
        let one = of_feeds(&files);
        assert_eq!(one.priority, Priority::P2, "{}", one.reason);
        assert!(one.reason.contains("who calls it was not found"), "{}", one.reason);
    }
}

#[test]
fn a_file_that_works_by_itself_is_run_by_hand() {
    let own = format!("{FEEDS}\n\nprint(fetch('https://goats.example'))\nfetch('https://goats.example/2')\n");
    let one = of_feeds(&[("feeds.py", &own)]);
    assert_eq!(one.priority, Priority::P3, "{}", one.reason);
    assert!(one.reason.contains("once: script feeds.py"), "{}", one.reason);
    // Whoever imports it, or a server that is told its name, has other reasons.
    let app = format!("from flask import Flask\n{own}\napp = Flask(__name__)\n");
    for files in [
        vec![("feeds.py", own.as_str()), ("barn.py", "import feeds\n")],
        vec![("feeds.py", app.as_str())],
    ] {
        let one = of_feeds(&files);
        assert!(!one.reason.contains("script feeds.py"), "{}", one.reason);
    }
}
