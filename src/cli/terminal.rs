//! What standard output is and can do: a terminal or not, its width, colour, links.

use std::io::IsTerminal;

use clap::ValueEnum;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// At a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// In a pipe, too
    Always,
    /// Nowhere
    Never,
}

impl Color {
    /// Whether to colour what goes to standard output.
    pub fn is_wanted(self) -> bool {
        match self {
            Color::Auto => has_color(),
            Color::Always => true,
            Color::Never => false,
        }
    }
}

/// Columns of a terminal that does not say how many it has: fewer than most, so that no line is broken in the middle of a word.
const UNKNOWN: u16 = 80;
/// Columns where there is no terminal; a fixed number, so that the same input gives the same bytes.
const NONE: u16 = 120;

/// Whether somebody reads standard output at a terminal.
pub fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether standard output is a terminal that wants colour.
pub fn has_color() -> bool {
    is_terminal() && !is_set("NO_COLOR") && variable("TERM") != "dumb"
}

/// Columns of the terminal.
pub fn width() -> u16 {
    if !is_terminal() {
        return NONE;
    }
    let known = comfy_table::Table::new().width().filter(|&width| width > 0);
    known.unwrap_or(UNKNOWN).clamp(40, 400)
}

/// Whether the terminal is known to open links in the text.
pub fn has_links() -> bool {
    let program = variable("TERM_PROGRAM");
    let has_name = ["iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby", "rio"].contains(&program.as_str());
    let term = variable("TERM");
    let has_term = ["kitty", "alacritty", "foot", "ghostty"].iter().any(|name| term.contains(name));
    let is_vte = variable("VTE_VERSION").parse::<u32>().is_ok_and(|version| version >= 5000);
    let has_mark = ["WT_SESSION", "KONSOLE_VERSION", "DOMTERM"].iter().any(|name| is_set(name));
    has_color() && (has_name || has_term || is_vte || has_mark)
}

/// Whether a CI service runs this: all of them say so.
pub fn is_ci() -> bool {
    !matches!(variable("CI").to_lowercase().as_str(), "" | "0" | "false")
}

/// The CI service that runs this and reads findings in a form of its own; `None` elsewhere.
pub fn service() -> Option<CiService> {
    let is_true = |name: &str| variable(name).eq_ignore_ascii_case("true");
    match () {
        () if is_true("GITHUB_ACTIONS") => Some(CiService::Github),
        () if is_true("GITLAB_CI") => Some(CiService::Gitlab),
        () => None,
    }
}

/// A CI service that shows findings beside the code, and how it takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CiService {
    /// Reads commands in the job's log.
    Github,
    /// Reads a file.
    Gitlab,
}

fn is_set(name: &str) -> bool {
    !variable(name).is_empty()
}

fn variable(name: &str) -> String {
    std::env::var_os(name).map_or_else(String::new, |value| value.to_string_lossy().into_owned())
}
