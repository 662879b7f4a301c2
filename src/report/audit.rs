//! The audit for reviewers, as Markdown or as one HTML page: a template over a view of the report.
//!
//! What a template prints is escaped unless a filter of this module made it: a name in the scanned code cannot inject markup.

mod capacity;
mod charts;
mod coverage;
mod facets;
mod highlight;
mod index_plan;
mod item;
mod links;
mod monitoring;
mod names;
mod page;
mod plan;
mod score;
mod themes;
mod verdict;
mod view;

use minijinja::{AutoEscape, Environment, Value};

use crate::error::{Error, nearest};
use crate::escape;
use crate::judge::evidence::capitalised;
use crate::report::{Report, RuleTexts};

/// The sections of the audit, in their order.
pub const SECTIONS: [&str; 15] = [
    "summary",
    "themes",
    "roadmap",
    "top",
    "backlog",
    "findings",
    "indexes",
    "queries",
    "endpoints",
    "settings",
    "capacity",
    "monitoring",
    "strengths",
    "coverage",
    "appendix",
];
/// The sections that Markdown has unless others are asked for: what people read from its first line to its last. The lists of all that
/// there is are in the page, which can be filtered, and in the sections that are asked for by name.
pub const READ: [&str; 9] = [
    "summary",
    "themes",
    "roadmap",
    "indexes",
    "capacity",
    "monitoring",
    "strengths",
    "coverage",
    "appendix",
];
/// Findings shown with all their evidence, unless the caller says otherwise: a page can be filtered, a long Markdown file is not read.
const IN_FULL: usize = 150;
const IN_FULL_PAGE: usize = 1000;
const MARKDOWN: &str = include_str!("../../templates/audit.md.jinja");
const HTML: &str = include_str!("../../templates/audit.html.jinja");

/// What the audit is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditFormat {
    /// Markdown, as code hosts show it.
    #[default]
    Markdown,
    /// One page without any other file.
    Html,
}

/// What the audit shows, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditOptions {
    /// Whether it is written as Markdown, as a page or as data.
    pub form: AuditFormat,
    /// Sections of [`SECTIONS`]; empty is all.
    pub sections: Vec<String>,
    /// Findings shown with all their evidence; the others are listed.
    pub max_findings: Option<usize>,
    /// A date for the header, as given.
    pub date: Option<String>,
    /// A template in place of the built-in one: its name, for messages, and its text.
    pub template: Option<(String, String)>,
}

/// A section's name; fails, with the nearest name, where there is none such.
pub fn parse_section(text: &str) -> Result<String, String> {
    let name = text.to_lowercase();
    if SECTIONS.contains(&name.as_str()) {
        return Ok(name);
    }
    match nearest(&name, &SECTIONS) {
        Some(near) => Err(format!("unknown section `{text}`; did you mean `{near}`?")),
        None => Err(format!("unknown section `{text}`; valid: {}", SECTIONS.join(", "))),
    }
}

/// Renders the audit. Fails only on a template that is not the built-in one.
pub fn render(report: &Report, rules: &RuleTexts, options: &AuditOptions) -> Result<String, Error> {
    let (name, text) = match &options.template {
        Some((name, text)) => (name.as_str(), text.as_str()),
        None => match options.form {
            AuditFormat::Markdown => ("audit.md.jinja", MARKDOWN),
            AuditFormat::Html => ("audit.html.jinja", HTML),
        },
    };
    let in_full = match options.form {
        AuditFormat::Markdown => IN_FULL,
        AuditFormat::Html => IN_FULL_PAGE,
    };
    let themes = themes::themes(report);
    let view = view::View::of(report, &themes, rules, options, options.max_findings.unwrap_or(in_full));
    let environment = environment(options.form);
    environment.render_named_str(name, text, &view).map_err(|error| {
        let line = error.line().map_or_else(String::new, |line| format!(":{line}"));
        Error::new(format!("{name}{line}"), error.to_string())
    })
}

/// A text in which the addresses of routes are easy to read: `/a/{id}` where a pattern was written, `/a/(?P<id>[0-9]+)`.
fn plain_route(text: &str) -> String {
    const GROUP: &str = "(?P<";
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(GROUP) {
        let inside = &rest[at + GROUP.len()..];
        let named = inside.split_once('>').and_then(|(name, pattern)| {
            let mut depth = 1_usize;
            let end = pattern.char_indices().find(|(_, character)| {
                match character {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            Some((name, &pattern[end?.0 + 1..]))
        });
        let Some((name, after)) = named else { break };
        out.push_str(&format!("{}{{{name}}}", &rest[..at]));
        rest = after;
    }
    out.push_str(rest);
    with_plain_steps(&out)
}

/// Steps of a path without the kind of their values: `/a/{id}` for `/a/<int:id>`.
fn with_plain_steps(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("/<") {
        let inside = &rest[at + 2..];
        let step = inside
            .split_once('>')
            .map(|(step, after)| (step.rsplit(':').next().unwrap_or(step), after));
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if let Some((name, after)) = step.filter(|(name, _)| is_name(name)) {
            out.push_str(&format!("{}/{{{name}}}", &rest[..at]));
            rest = after;
        } else {
            out.push_str(&rest[..at + 2]);
            rest = inside;
        }
    }
    out.push_str(rest);
    out
}

fn environment(form: AuditFormat) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(true);
    environment.set_auto_escape_callback(move |_| match form {
        AuditFormat::Markdown => AutoEscape::Custom("markdown"),
        AuditFormat::Html => AutoEscape::Html,
    });
    environment.set_formatter(move |out, _, value| {
        if value.is_undefined() || value.is_none() {
            return Ok(());
        }
        let text = value.to_string();
        if value.is_safe() || value.is_number() {
            out.write_str(&text)?;
        } else {
            out.write_str(&prose(form, &text))?;
        }
        Ok(())
    });
    let filter =
        |write: fn(AuditFormat, &str) -> String| move |text: Option<&str>| Value::from_safe_string(write(form, text.unwrap_or_default()));
    environment.add_filter("text", filter(prose));
    environment.add_filter("cell", filter(cell));
    environment.add_filter("code", filter(code));
    environment.add_filter("code_cell", filter(code_cell));
    environment.add_filter("fence", move |text: &str, language: Option<&str>| {
        Value::from_safe_string(fence(form, text, language.unwrap_or_default()))
    });
    // Inside of an HTML element, Markdown is not read; but the host that shows it still looks for mentions and addresses.
    environment.add_filter("html", |text: &str| {
        let dead = |text: &str| escape::words(text, escape::xml, |word| code(AuditFormat::Html, word));
        Value::from_safe_string(html(&escape::line(text), dead))
    });
    // An attribute's value between double quotes.
    environment.add_filter("attr", |text: Option<&str>| {
        Value::from_safe_string(escape::xml(&escape::line(text.unwrap_or_default())))
    });
    // An attribute of several values, one a line: none of them has a line break of its own.
    environment.add_filter("values", |texts: Vec<String>| {
        let written = texts.iter().map(|text| escape::xml(&escape::line(text)));
        Value::from_safe_string(written.collect::<Vec<_>>().join("&#10;"))
    });
    environment.add_filter("listing", |lines: &Value, language: Option<&str>| {
        listing(lines, language.unwrap_or_default())
    });
    environment.add_filter("route", |text: &str| plain_route(text));
    environment.add_filter("grouped", |number: u64| crate::report::words::grouped(number as usize));
    environment.add_filter("capitalised", capitalised);
    environment
}

/// A sentence; what stands between backticks is code.
fn prose(form: AuditFormat, text: &str) -> String {
    let text = plain_route(text);
    match form {
        AuditFormat::Markdown => escape::markdown(&text),
        AuditFormat::Html => html(&text, escape::xml),
    }
}

/// A sentence in HTML; `plain` writes what is not code.
fn html(text: &str, plain: impl Fn(&str) -> String) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    let last = pieces.len() - 1;
    let mut out = String::with_capacity(text.len() + 16);
    // What is plain up to the next piece of code, as a whole: see `escape::markdown`.
    let mut words = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        if at % 2 == 1 && at < last && !piece.trim().is_empty() {
            out.push_str(&plain(&words));
            words.clear();
            out.push_str(&code(AuditFormat::Html, piece));
            continue;
        }
        // An odd backtick at the end opens nothing.
        if at % 2 == 1 && at == last {
            words.push('`');
        }
        words.push_str(piece);
    }
    out.push_str(&plain(&words));
    out
}

/// A sentence in a table's cell.
fn cell(form: AuditFormat, text: &str) -> String {
    match form {
        AuditFormat::Markdown => escape::markdown(&plain_route(text).replace('|', "\u{2223}")),
        AuditFormat::Html => prose(form, text),
    }
}

fn code(form: AuditFormat, text: &str) -> String {
    match form {
        AuditFormat::Markdown => escape::code(text),
        AuditFormat::Html => format!("<code>{}</code>", escape::xml(&escape::line(text))),
    }
}

fn code_cell(form: AuditFormat, text: &str) -> String {
    match form {
        AuditFormat::Markdown => escape::code_cell(text),
        AuditFormat::Html => code(form, text),
    }
}

fn fence(form: AuditFormat, text: &str, language: &str) -> String {
    match form {
        AuditFormat::Markdown => escape::block(language, text),
        AuditFormat::Html => {
            let copied = if language == "sql" { " data-copy" } else { "" };
            let lines = highlight::lines(text.trim_end_matches('\n'), language);
            format!("<pre{copied}><code>{}</code></pre>\n", lines.join("\n"))
        }
    }
}

/// Code with the numbers of its lines, those of the finding marked; `lines` is an [`item::CodeLines`].
fn listing(lines: &Value, language: &str) -> Value {
    let number = |name: &str| lines.get_attr(name).ok().and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
    let text = lines.get_attr("text").ok().map(|value| value.to_string()).unwrap_or_default();
    let (first, from, to) = (number("first"), number("from"), number("to"));
    let mut out = String::from("<pre><code>");
    for (line, at) in highlight::lines(&text, language).iter().zip(first..) {
        let mark = if (from..=to).contains(&at) { " m" } else { "" };
        out.push_str(&format!("<span class=\"l{mark}\"><span class=\"no\">{at}</span>{line}</span>"));
    }
    out.push_str("</code></pre>\n");
    Value::from_safe_string(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<String, Error> {
        let options = AuditOptions {
            template: Some(("mine.md".to_owned(), text.to_owned())),
            ..AuditOptions::default()
        };
        render(&Report::default(), &RuleTexts::new(), &options)
    }

    #[test]
    fn a_template_of_ones_own_is_escaped_and_its_mistakes_have_a_line() {
        assert_eq!(
            with("{{ '<b>' }} {{ 'a|b' | code_cell }}\n").expect("renders"),
            "&lt;b&gt; `a\u{2223}b`\n"
        );
        let error = with("one\n{% if %}\n").expect_err("broken").to_string();
        assert!(error.starts_with("mine.md:2: "), "{error}");
        assert!(with("{{ nothing.here.at_all }}").is_err());
    }

    #[test]
    fn sections_are_known_by_name() {
        assert_eq!(parse_section("Backlog"), Ok("backlog".to_owned()));
        assert!(parse_section("backlogg").expect_err("a typo").contains("did you mean `backlog`?"));
        let only = AuditOptions {
            sections: vec!["coverage".to_owned()],
            ..AuditOptions::default()
        };
        let text = render(&Report::default(), &RuleTexts::new(), &only).expect("renders");
        assert!(text.contains("## Coverage") && !text.contains("## Themes"), "{text}");
    }

    #[test]
    fn routes_are_written_without_their_patterns() {
        assert_eq!(
            plain_route("ANY /kb/(?P<slug>[^/]+)/(?P<id>(a|b)\\d+)/edit"),
            "ANY /kb/{slug}/{id}/edit"
        );
        assert_eq!(plain_route("GET /(?P<broken"), "GET /(?P<broken");
        assert_eq!(plain_route("GET /event/<int:event_id>/<name>/<"), "GET /event/{event_id}/{name}/<");
        assert_eq!(plain_route("Array<string> /<a b>"), "Array<string> /<a b>");
    }

    #[test]
    fn html_prose_cannot_be_left() {
        assert_eq!(
            prose(AuditFormat::Html, "`<b>` & <i> odd `"),
            "<code>&lt;b&gt;</code> &amp; &lt;i&gt; odd `"
        );
    }
}
