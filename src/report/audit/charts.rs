//! The pictures of the page: inline SVG, drawn for a narrow screen and scaled up on a wide one. Colours come from the page's style.

mod draw;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::index_plan;
use super::plain_route;
use super::themes::Theme;
use crate::finding::{Priority, Status};
use crate::inventory::rows::EndpointRow;
use crate::report::{Report, words};
use draw::{Anchor, Svg};

/// Routes that are shown.
const ROUTES: usize = 12;
/// The radius at which a figure can be read in a circle.
const FIGURE: usize = 9;
/// Width of a picture, in its own units: a narrow phone's.
const ACROSS: usize = 380;

/// A picture.
#[derive(Debug, Serialize)]
pub struct Chart {
    pub title: &'static str,
    /// What is to be seen, in a sentence.
    pub note: String,
    /// The element, with all texts escaped.
    pub svg: String,
}

/// The pictures that there is something to draw for.
pub fn charts(report: &Report, themes: &[Theme<'_>]) -> Vec<Chart> {
    let all = [categories(report), impact(themes), routes(report), tables(report), change(report)];
    all.into_iter().flatten().collect()
}

const PRIORITIES: [(&str, Priority); 4] = [
    ("P0", Priority::P0),
    ("P1", Priority::P1),
    ("P2", Priority::P2),
    ("P3", Priority::P3),
];

/// A circle for each category and priority, its area the number of findings.
fn categories(report: &Report) -> Option<Chart> {
    const LEFT: usize = 120;
    const ROW: usize = 42;
    let mut counts: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for finding in &report.findings {
        counts.entry(&finding.category).or_default()[finding.priority as usize] += 1;
    }
    let mut rows: Vec<(&str, [usize; 4])> = counts.into_iter().collect();
    rows.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(right.0)));
    let most = rows.iter().flat_map(|(_, numbers)| *numbers).max().filter(|most| *most > 0)?;
    let column = (ACROSS - LEFT) / 4;
    let mut svg = Svg::new(ACROSS, 24 + rows.len() * ROW, "Findings by category and priority");
    for (at, (name, _)) in PRIORITIES.iter().enumerate() {
        svg.text(LEFT + at * column + column / 2, 15, Anchor::Middle, name, name);
    }
    for (number, (name, numbers)) in rows.iter().enumerate() {
        let middle = 24 + number * ROW + ROW / 2;
        svg.text(0, middle + 4, Anchor::Start, "", &cut(name, 17));
        for (at, count) in numbers.iter().enumerate().filter(|(_, count)| **count > 0) {
            let x = LEFT + at * column + column / 2;
            let class = PRIORITIES[at].0;
            svg.circle(x, middle, radius(*count, most, 19), class, &format!("{name}, {class}: {count}"));
            svg.text(x, middle + 4, Anchor::Middle, "on", &count.to_string());
        }
    }
    Some(Chart {
        title: "Findings by category and priority",
        note: "The area is the number of findings.".to_owned(),
        svg: svg.end(),
    })
}

/// Entry points that ask most, each with what runs once and what runs for each row.
fn routes(report: &Report) -> Option<Chart> {
    const ROW: usize = 34;
    let asks = |row: &&EndpointRow| row.is_waited_for() && row.per_row + row.fixed > 0;
    let mut rows: Vec<&EndpointRow> = report.inventory.endpoints.iter().filter(asks).collect();
    let key = |row: &&EndpointRow| (std::cmp::Reverse(row.per_row), std::cmp::Reverse(row.fixed), row.label.clone());
    rows.sort_by_cached_key(key);
    // One handler with several addresses is one row.
    let mut seen = BTreeSet::new();
    rows.retain(|row| seen.insert(&row.location));
    rows.truncate(ROUTES);
    let most = rows.iter().map(|row| row.fixed + row.per_row).max()?;
    let mut svg = Svg::new(ACROSS, rows.len() * ROW, "Statements of the entry points that ask most");
    let length = |count: usize| (ACROSS - 90) * count / most.max(1);
    for (number, row) in rows.iter().enumerate() {
        let top = number * ROW;
        let label = plain_route(&row.label);
        svg.titled_text(0, top + 12, &cut(&label, 56), &label);
        let (repeated, once) = (length(row.per_row), length(row.fixed));
        svg.bar(0, top + 17, repeated, 11, "P1", &format!("{} run once for each row", row.per_row));
        svg.bar(repeated, top + 17, once, 11, "P2", &format!("{} run once", row.fixed));
        let more = if row.is_complete { "" } else { "+" };
        let count = format!("{}·n + {}{more}", row.per_row, row.fixed);
        svg.text(repeated + once + 5, top + 27, Anchor::Start, "soft", &count);
    }
    Some(Chart {
        title: "Routes by statements per request",
        note: "Query sites that an entry point reaches: for each row (n) and once. Ways that exclude each other are added up.".to_owned(),
        svg: svg.end(),
    })
}

/// A circle for each class of size and number of missing indexes, its area the number of tables.
fn tables(report: &Report) -> Option<Chart> {
    const CLASSES: [(&str, &str); 5] = [
        ("few", "few"),
        ("of-parent", "of parent"),
        ("unknown", "unknown"),
        ("many", "many"),
        ("stream", "stream"),
    ];
    const MISSING: [&str; 4] = ["3 or more", "2", "1", "none"];
    const LEFT: usize = 62;
    const ROW: usize = 44;
    let mut lacking: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| index_plan::adds(finding)) {
        *lacking.entry(index_plan::table(finding)).or_default() += 1;
    }
    let mut cells: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
    for row in &report.inventory.tables {
        let class = if row.scale == "one" {
            "few"
        } else if row.scale == "page" {
            "of-parent"
        } else {
            &row.scale
        };
        let Some(column) = CLASSES.iter().position(|(name, _)| *name == class) else {
            continue;
        };
        let missing = lacking.get(row.name.as_str()).copied().unwrap_or(0).min(3);
        cells.entry((3 - missing, column)).or_default().push(&row.name);
    }
    let most = cells.values().map(Vec::len).max()?;
    let column = (ACROSS - LEFT) / CLASSES.len();
    let mut svg = Svg::new(
        ACROSS,
        4 * ROW + 22,
        "Tables by how many rows they have and how many indexes they lack",
    );
    for (number, name) in MISSING.iter().enumerate() {
        svg.text(0, number * ROW + ROW / 2 + 4, Anchor::Start, "", name);
    }
    for (number, (_, name)) in CLASSES.iter().enumerate() {
        svg.text(LEFT + number * column + column / 2, 4 * ROW + 15, Anchor::Middle, "", name);
    }
    for ((row, place), names) in &cells {
        let (x, y) = (LEFT + place * column + column / 2, row * ROW + ROW / 2);
        let class = match (*row, *place) {
            (3, _) => "P3",
            (_, 3..) => "P1",
            _ => "P2",
        };
        let some: Vec<&str> = names.iter().copied().take(20).collect();
        let more = if names.len() > some.len() { ", …" } else { "" };
        svg.circle(x, y, radius(names.len(), most, 20), class, &format!("{}{more}", some.join(", ")));
        svg.text(x, y + 4, Anchor::Middle, "on", &names.len().to_string());
    }
    let worst: Vec<&str> = cells
        .iter()
        .filter(|((row, place), _)| *row < 3 && *place >= 3)
        .flat_map(|(_, names)| names.iter().copied())
        .take(6)
        .collect();
    let named = if worst.is_empty() {
        String::new()
    } else {
        format!(
            " Large ones that lack an index: {}.",
            worst.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        )
    };
    Some(Chart {
        title: "Tables by scale and missing indexes",
        note: format!("How many rows a table has is judged from who writes it.{named}"),
        svg: svg.end(),
    })
}

/// Themes by their work and their priority.
fn impact(themes: &[Theme<'_>]) -> Option<Chart> {
    const LEFT: usize = 34;
    const LANE: usize = 22;
    const TICKS: [(usize, &str); 4] = [(4, "2 h"), (16, "1 day"), (80, "5 days"), (320, "20 days")];
    if themes.is_empty() {
        return None;
    }
    let most = themes.iter().map(|theme| theme.findings.len()).max()?;
    let x = |halves: usize| LEFT + 12 + along(halves, &TICKS.map(|(halves, _)| halves), (ACROSS - LEFT - 110) / TICKS.len());
    let height = themes.len() * LANE + 40;
    let mut svg = Svg::new(ACROSS, height, "Themes by the work that they take and their priority");
    for (halves, name) in TICKS {
        svg.line(x(halves), 0, x(halves), height - 22);
        svg.text(x(halves), height - 6, Anchor::Middle, "soft", name);
    }
    for (number, theme) in themes.iter().enumerate() {
        let y = 12 + number * LANE;
        svg.text(0, y + 4, Anchor::Start, &theme.priority, &theme.priority);
        let middle = theme.effort.map_or(1, super::themes::EffortRange::middle);
        let size = (10 * 10 * theme.findings.len() / most.max(1)).isqrt().max(4);
        let effort = theme
            .effort
            .map_or_else(|| "with other work".to_owned(), |effort| effort.to_string());
        let title = format!(
            "{} {}: {}, {effort}",
            theme.id,
            theme.title,
            words::count(theme.findings.len(), "place", "places")
        );
        svg.circle(x(middle), y, size, &theme.priority, &title);
        svg.link(&format!("#{}", theme.id), x(middle) + size + 4, y + 4, &theme.id, &title);
    }
    Some(Chart {
        title: "Effort against impact",
        note: "From the most urgent down, work to the right, the area the number of places. What comes with other work stands at the left."
            .to_owned(),
        svg: svg.end(),
    })
}

/// Where a number lies on a line whose ticks are equally far from each other.
fn along(number: usize, ticks: &[usize], unit: usize) -> usize {
    let mut before = 0;
    for (at, &tick) in ticks.iter().enumerate() {
        if number <= tick {
            return at * unit + unit * number.saturating_sub(before) / (tick - before).max(1);
        }
        before = tick;
    }
    ticks.len() * unit
}

/// What is new, known and fixed.
fn change(report: &Report) -> Option<Chart> {
    const ROW: usize = 30;
    if !report.compared {
        return None;
    }
    let count = |priority, status| {
        let is_it = |finding: &&crate::finding::Finding| finding.priority == priority && finding.status == status;
        report.findings.iter().filter(is_it).count()
    };
    let rows = PRIORITIES.map(|(name, priority)| (name, count(priority, Status::New), count(priority, Status::Known)));
    let fixed = report.fixed.len().max(report.summary.fixed);
    let most = rows
        .iter()
        .map(|(_, new, known)| new + known)
        .chain([fixed])
        .max()
        .filter(|most| *most > 0)?;
    let length = |count: usize| (ACROSS - 175) * count / most;
    let mut svg = Svg::new(ACROSS, 5 * ROW, "Findings that are new, known and fixed");
    for (number, (name, new, known)) in rows.iter().enumerate() {
        let y = number * ROW;
        svg.text(0, y + 19, Anchor::Start, name, name);
        svg.bar(34, y + 8, length(*new), 14, "P0", &format!("{new} new"));
        svg.bar(34 + length(*new), y + 8, length(*known), 14, "P3", &format!("{known} known"));
        let text = format!("{new} new, {known} known");
        svg.text(34 + length(*new) + length(*known) + 5, y + 19, Anchor::Start, "soft", &text);
    }
    let y = 4 * ROW;
    svg.text(0, y + 19, Anchor::Start, "", "fixed");
    svg.bar(34, y + 8, length(fixed), 14, "good", &format!("{fixed} fixed"));
    svg.text(34 + length(fixed) + 5, y + 19, Anchor::Start, "soft", &fixed.to_string());
    Some(Chart {
        title: "Change since the baseline",
        note: "New findings are red, known ones grey.".to_owned(),
        svg: svg.end(),
    })
}

/// The radius at which the area is a count's share of the most; large enough for a figure.
fn radius(count: usize, most: usize, largest: usize) -> usize {
    let area = largest * largest * count / most.max(1);
    area.isqrt().clamp(FIGURE.min(largest), largest)
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_are_escaped_in_pictures() {
        let mut report = Report::default();
        report.inventory.endpoints.push(EndpointRow {
            label: "GET <script>\"'&".to_owned(),
            kind: "route".to_owned(),
            fixed: 2,
            ..EndpointRow::default()
        });
        let chart = routes(&report).expect("a picture");
        assert!(
            !chart.svg.contains("<script>") && chart.svg.contains("GET &lt;script&gt;"),
            "{}",
            chart.svg
        );
    }

    #[test]
    fn what_nobody_waits_for_is_drawn_as_no_request() {
        let row = |label: &str, kind: &str, line| EndpointRow {
            label: label.to_owned(),
            kind: kind.to_owned(),
            location: crate::finding::Location {
                start_line: line,
                ..Default::default()
            },
            fixed: 9,
            ..EndpointRow::default()
        };
        let mut report = Report::default();
        let kinds = ["job", "command", "startup", "socket", "route"];
        report.inventory.endpoints = kinds.into_iter().zip(1..).map(|(kind, line)| row(kind, kind, line)).collect();
        let svg = routes(&report).expect("a picture").svg;
        let drawn: Vec<&str> = kinds
            .into_iter()
            .filter(|kind| svg.contains(&format!("<title>{kind}</title>")))
            .collect();
        assert_eq!(drawn, ["socket", "route"], "{svg}");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(charts(&Report::default(), &[]).is_empty());
        let compared = Report {
            compared: true,
            ..Report::default()
        };
        assert!(charts(&compared, &[]).is_empty());
    }
}
