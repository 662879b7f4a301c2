//! Rendered output of a report made by hand, with hostile names in it.

use perfaudit::Report;
use perfaudit::coverage::{Coverage, ParseErrors, Reason, Skipped};
use perfaudit::finding::{Confidence, Effort, Finding, Fix, Location, Priority, Role, Status, Strength};
use perfaudit::report::{RuleText, RuleTexts, github, gitlab, json, junit, markdown, sarif, table};

fn at(file: &str, line: u32, symbol: &str) -> Location {
    Location {
        file: file.into(),
        start_line: line,
        start_column: 5,
        end_line: line,
        end_column: 40,
        symbol: symbol.into(),
    }
}

fn report() -> Report {
    let mut slow = Finding::new(
        "n-plus-one",
        Priority::P0,
        Confidence::High,
        at("app/orders.py", 12, "app.orders.list_orders"),
    );
    slow.category = "query".into();
    slow.title = "A query per row where one would do".into();
    slow.message =
        "`session.execute` on line 12 runs once for each row of `orders`, which has no limit; it is reached from GET /orders.".into();
    slow.relate(at("app/api.py", 8, "app.api.orders"), Role::Endpoint, "GET /orders");
    slow.relate(at("app/orders.py", 11, "app.orders.list_orders"), Role::Loop, "for order in orders");
    slow.impact = "1 + n queries per request".into();
    slow.fix = Fix {
        summary: "Fetch all customers in one statement before the loop.".into(),
        code: Some("customers = session.scalars(select(Customer).where(Customer.id.in_(ids)))".into()),
        ..Fix::default()
    };
    slow.effort = Effort::M;
    slow.acceptance = vec!["The number of statements does not depend on the number of rows.".into()];
    slow.fingerprint = "00000000000000aa".into();
    let mut index = Finding::new(
        "missing-index",
        Priority::P2,
        Confidence::Medium,
        at("app/orders.py", 30, "orders.customer_id"),
    );
    index.category = "schema".into();
    index.title = "A filtered column without an index".into();
    index.message = "`orders.customer_id` is filtered here and no index leads with it.".into();
    index.fix = Fix {
        ddl: Some("CREATE INDEX CONCURRENTLY ON orders (customer_id);".into()),
        ..Fix::default()
    };
    index.fingerprint = "00000000000000bb".into();
    index.status = Status::Known;
    let mut hostile = Finding::new(
        "n-plus-one",
        Priority::P1,
        Confidence::Low,
        at("evil\u{1b}[31m|`<b>\n::error::.py", 1, "a`b|<img src=x>"),
    );
    hostile.category = "query".into();
    hostile.title = "# `x` | <script>alert(1)</script> \u{202e}".into();
    hostile.message = "50 % of [rows](http://evil) in `t|\n## heading".into();
    hostile.fix.code = Some("```\n# out of the fence".into());
    hostile.fingerprint = "00000000000000cc".into();
    let mut coverage = Coverage {
        functions: 40,
        query_sites: 7,
        tables: 3,
        migrations: 2,
        tests: 9,
        suppressed: 1,
        ..Coverage::default()
    };
    coverage.read("Python", 1200);
    coverage.read("TypeScript", 300);
    coverage.calls.total = 200;
    coverage.calls.resolved = 95;
    coverage.calls.external = 100;
    coverage.skip(&Skipped {
        path: "node_modules/".into(),
        reason: Reason::Vendored,
    });
    coverage.parse_errors.push(ParseErrors {
        file: "app/bad.py".into(),
        ranges: vec![(3, 4)],
    });
    coverage.statements.understood = 30;
    coverage.statements.not_understood.add("db/x.sql:3: ALTER SOMETHING `|`");
    let strengths = vec![Strength {
        kind: "bulk-write".into(),
        message: "`insert_many` writes a | b in chunks.".into(),
        location: at("app/a.py", 2, ""),
    }];
    Report::new(".", vec![slow, hostile, index], strengths, coverage)
}

fn texts() -> RuleTexts {
    let text = RuleText {
        title: "A query per row where one would do".into(),
        help: "## What it finds".into(),
    };
    [("n-plus-one".to_owned(), text)].into()
}

/// The version changes with each release and says nothing here.
fn plain(text: &str) -> String {
    text.replace(concat!("\"", env!("CARGO_PKG_VERSION"), "\""), "\"0.0.0\"")
        .replace(concat!("perfaudit ", env!("CARGO_PKG_VERSION")), "perfaudit 0.0.0")
}

#[test]
fn the_table_fits_its_width() {
    let text = table::render(
        &report(),
        table::Options {
            width: 100,
            color: false,
            least: Priority::P2,
        },
    );
    let widest = text
        .lines()
        .filter(|line| line.starts_with("  "))
        .map(|line| line.chars().count())
        .max();
    assert!(widest <= Some(100), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn the_table_in_colour() {
    insta::assert_snapshot!(
        table::render(
            &report(),
            table::Options {
                width: 100,
                color: true,
                least: Priority::P2
            }
        )
        .replace('\u{1b}', "␛")
    );
}

#[test]
fn the_table_of_an_empty_report() {
    insta::assert_snapshot!(table::render(
        &Report::default(),
        table::Options {
            width: 100,
            color: false,
            least: Priority::P2
        }
    ));
}

#[test]
fn the_markdown() {
    insta::assert_snapshot!(plain(&markdown::render(&report())));
}

#[test]
fn the_json() {
    let text = json::render(&report());
    assert_eq!(serde_json::from_str::<Report>(&text).expect("reads back").findings.len(), 3);
    insta::assert_snapshot!(plain(&text));
}

#[test]
fn formats_for_other_tools() {
    insta::assert_snapshot!("sarif", plain(&sarif::render(&report(), &texts())));
    insta::assert_snapshot!("github", github::render(&report()));
    insta::assert_snapshot!("gitlab", gitlab::render(&report()));
    insta::assert_snapshot!("junit", junit::render(&report()));
}
