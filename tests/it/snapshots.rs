//! Rendered output of a report made by hand, with hostile names in it.

use perfaudit::Report;
use perfaudit::coverage::{Coverage, ParseErrors, Reason, Skipped};
use perfaudit::finding::{Confidence, Effort, Finding, Fix, Location, Priority, Role, Status, Strength, Suppression};
use perfaudit::inventory::rows::{EndpointRow, EntryAt, FilterRow, IndexRow, Inventory, LoopAt, QueryRow, TableRow};
use perfaudit::report::sources::Sources;
use perfaudit::report::{RuleText, RuleTexts, audit, full, github, gitlab, json, junit, sarif, table};

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
    let mut report = Report::new(".", vec![slow, hostile, index], strengths, coverage);
    report.compared = true;
    report.suppressions = vec![Suppression {
        file: "app/a.py".into(),
        line: 7,
        rules: vec!["n-plus-one".into()],
        scope: "line".into(),
        reason: "at most | four <regions>".into(),
        used: 1,
    }];
    report.inventory = inventory();
    let code = "\n".repeat(10) + "    for order in orders:\n        session.execute(one, order.customer_id)  # <b> `|` \u{1b}[31m\n\n";
    report.sources = Sources::collect(&report.findings, |file| (file == "app/orders.py").then(|| code.clone()));
    report
}

fn inventory() -> Inventory {
    let query = QueryRow {
        location: at("app/orders.py", 12, "app.orders.list_orders"),
        operation: "select".into(),
        tables: vec!["customers".into(), "a|b".into()],
        library: "sqlalchemy".into(),
        filters: vec![FilterRow {
            column: "id".into(),
            kind: "equality".into(),
            ..FilterRow::default()
        }],
        rows: "by key".into(),
        repeated: Some(LoopAt {
            line: 11,
            verdict: "per row".into(),
        }),
        entry: Some(EntryAt {
            label: "GET /orders".into(),
            calls: 1,
        }),
        ..QueryRow::default()
    };
    let endpoint = EndpointRow {
        label: "GET /orders".into(),
        kind: "route".into(),
        location: at("app/api.py", 8, "app.api.orders"),
        fixed: 1,
        per_row: 1,
        paged: "no".into(),
        ..EndpointRow::default()
    };
    let index = IndexRow {
        name: "orders_pkey".into(),
        keys: "id".into(),
        kind: "primary key".into(),
        ..IndexRow::default()
    };
    let table = TableRow {
        name: "orders".into(),
        columns: 4,
        queries: 2,
        scale: "many".into(),
        scale_reason: "orders, written by `POST /orders`".into(),
        indexes: vec![index],
        ..TableRow::default()
    };
    Inventory {
        queries: vec![query],
        endpoints: vec![endpoint],
        tables: vec![table],
        databases: vec!["postgres".into()],
    }
}

fn texts() -> RuleTexts {
    let text = RuleText {
        title: "A query per row where one would do".into(),
        help: "## What it finds".into(),
        category: "query".into(),
        is_built_in: true,
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
        table::TableOptions {
            width: 100,
            color: false,
            least: Priority::P2,
            all: true,
            ..table::TableOptions::default()
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
            table::TableOptions {
                width: 100,
                color: true,
                least: Priority::P2,
                all: true,
                ..table::TableOptions::default()
            }
        )
        .replace('\u{1b}', "␛")
    );
}

#[test]
fn the_table_of_an_empty_report() {
    insta::assert_snapshot!(table::render(
        &Report::default(),
        table::TableOptions {
            width: 100,
            color: false,
            least: Priority::P2,
            all: true,
            ..table::TableOptions::default()
        }
    ));
}

fn audit_as(form: audit::AuditFormat, sections: &[&str]) -> String {
    let options = audit::AuditOptions {
        form,
        sections: sections.iter().map(|&section| section.to_owned()).collect(),
        date: Some("2026-01-01 | <b>".to_owned()),
        ..audit::AuditOptions::default()
    };
    plain(&audit::render(&report(), &texts(), &options).expect("the built-in template"))
}

#[test]
fn the_audit_as_markdown() {
    insta::assert_snapshot!(audit_as(audit::AuditFormat::Markdown, &[]));
}

#[test]
fn the_audit_as_html_has_no_markup_of_the_scanned_code() {
    let text = audit_as(audit::AuditFormat::Html, &[]);
    for markup in ["<script>alert", "<img", "<b> ::", "\u{1b}", "\u{202e}"] {
        assert!(!text.contains(markup), "{markup} is in the page");
    }
    assert_eq!(text.matches("<script>").count(), 1, "only the page's own");
    // What the page's own style and script are is read in their files.
    let without = |text: &str, element: &str| {
        let (before, rest) = text.split_once(&format!("<{element}>")).expect("an element");
        let (_, after) = rest.split_once(&format!("</{element}>")).expect("its end");
        format!("{before}<{element}></{element}>{after}")
    };
    let page = without(&without(&text, "style"), "script");
    let hashed = without_hashes(&page);
    insta::assert_snapshot!(hashed);
}

/// A page without the hashes of its policy, which change with its style and script.
fn without_hashes(page: &str) -> String {
    let mut parts = page.split("'sha256-");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        format!("{text}'sha256-…{}", &part[part.find('\'').unwrap_or(0)..])
    })
}

#[test]
fn the_full_format() {
    insta::assert_snapshot!(full::render(&report(), false, true, None));
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
    insta::assert_snapshot!("github", github::render(&report(), Some(Priority::P0)));
    insta::assert_snapshot!("gitlab", gitlab::render(&report()));
    insta::assert_snapshot!("junit", junit::render(&report(), Some(Priority::P0)));
}
