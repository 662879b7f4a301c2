//! `perfaudit explain`: a rule's page for a terminal.

use std::fmt::Write as _;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::Args;
use perfaudit::engine::page::Page;
use perfaudit::report::{priorities, words};
use perfaudit::{Error, escape};

use super::rules::PageArguments;

/// What `perfaudit explain` takes.
#[derive(Args)]
pub struct ExplainArguments {
    /// The rule's id, or another name it is known by; `priorities` for the table that all priorities come from
    rule: String,
    #[command(flatten)]
    pages: PageArguments,
}

/// Prints a page.
pub fn run(arguments: &ExplainArguments) -> Result<ExitCode, Error> {
    if arguments.rule == "priorities" {
        super::print(&priorities::text())?;
        return Ok(ExitCode::SUCCESS);
    }
    let pages = arguments.pages.pages()?;
    let page = pages.find("", &arguments.rule)?;
    super::print(&render(page, super::has_color()))?;
    Ok(ExitCode::SUCCESS)
}

fn styled(text: &str, style: Style, color: bool) -> String {
    if color {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}

fn render(page: &Page, color: bool) -> String {
    let mut out = String::new();
    let bold = Style::new().bold();
    let _ = writeln!(
        out,
        "{}: {}",
        styled(&page.id, bold.fg_color(Some(AnsiColor::Cyan.into())), color),
        styled(&page.title, bold, color)
    );
    let facts = format!(
        "usually {:?}, {:?} confidence, effort {} · {} · {}",
        page.priority,
        page.confidence,
        words::effort(page.effort),
        page.category,
        page.languages.join(", ")
    );
    let _ = writeln!(
        out,
        "{}",
        styled(
            &facts.replace("High", "high").replace("Medium", "medium").replace("Low", "low"),
            Style::new().dimmed(),
            color
        )
    );
    if !page.aliases.is_empty() {
        let _ = writeln!(
            out,
            "{}",
            styled(&format!("also known as {}", page.aliases.join(", ")), Style::new().dimmed(), color)
        );
    }
    if let Some(source) = page.source.as_deref().filter(|_| page.own.is_some()) {
        let own = format!("your own rule, from {}", escape::line(source));
        let _ = writeln!(out, "{}", styled(&own, Style::new().dimmed(), color));
    }
    let _ = writeln!(out);
    let mut fence = 0;
    for line in page.body.lines() {
        let ticks = line.chars().take_while(|&character| character == '`').count();
        if fence == 0 && ticks >= 3 {
            fence = ticks;
            let _ = write!(out, "{}", label(line.trim_start_matches('`'), color));
        } else if fence > 0 && ticks >= fence && line.len() == ticks {
            fence = 0;
        } else if fence > 0 {
            let _ = writeln!(out, "{}", format!("    {line}").trim_end());
        } else if let Some(heading) = line.strip_prefix("## ") {
            let _ = writeln!(out, "{}", styled(&heading.to_uppercase(), bold, color));
        } else {
            let _ = writeln!(out, "{line}");
        }
    }
    let _ = writeln!(out, "\n{}", styled("DONE WHEN", bold, color));
    for criterion in &page.acceptance {
        let _ = writeln!(out, "- {criterion}");
    }
    out
}

/// What stands above an example: whether it is bad or good, and its file.
fn label(info: &str, color: bool) -> String {
    let file = info.split_whitespace().find_map(|word| word.strip_prefix("file=")).unwrap_or("");
    let has = |wanted: &str| info.split_whitespace().any(|word| word == wanted);
    let mark = match (has("bad"), has("good")) {
        (true, _) => styled("bad", Style::new().fg_color(Some(AnsiColor::Red.into())), color),
        (_, true) => styled("good", Style::new().fg_color(Some(AnsiColor::Green.into())), color),
        _ => String::new(),
    };
    let words: Vec<&str> = [mark.as_str(), file].into_iter().filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        String::new()
    } else {
        format!("  [{}]\n", words.join(" · "))
    }
}
