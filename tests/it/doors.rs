//! Nine routes that do nothing: beside them a test's program is one of many entry points, whose priorities are those of a large one.

use perfaudit::finding::{Finding, Priority};
use perfaudit::{Config, audit_texts};

/// A file of them.
pub fn file() -> (String, String) {
    let routes = (1..10).map(|number| format!("@app.get('/door{number}')\ndef door{number}():\n    return {number}\n"));
    let text: Vec<String> = routes.collect();
    let head = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n";
    ("doors/doors.py".to_owned(), format!("{head}{}", text.join("\n\n")))
}

/// The findings of one rule in a program of a few files, beside the routes.
pub fn found(rule: &str, files: &[(&str, &str)]) -> Vec<Finding> {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let config = Config {
        min_priority: Some(Priority::P3),
        ..Config::default()
    };
    let all = audit_texts(&config, files.chain([file()]).collect()).expect("a report").findings;
    all.into_iter().filter(|finding| finding.rule == rule).collect()
}
