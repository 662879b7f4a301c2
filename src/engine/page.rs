//! Reads a rule's page: TOML front matter, fixed sections, and examples that run as tests.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use crate::finding::{Confidence, Effort, Priority};
use crate::ir::Language;
use crate::rules::own::matching::Matching;
use crate::rules::own::message::{Blank, Message};
use crate::rules::own::rule::OwnRule;
use crate::source::LineIndex;

/// The sections of a page, in order.
pub const SECTIONS: [&str; 6] = [
    "What it finds",
    "Why it costs",
    "How to fix it",
    "When it is not a problem",
    "Examples",
    "References",
];

/// A rule's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The rule's id, the file's name.
    pub id: String,
    /// One line.
    pub title: String,
    /// Group of rules: `query`, `schema`, `async`, …
    pub category: String,
    /// The usual priority; a finding's own comes from what was seen.
    pub priority: Priority,
    /// The usual confidence.
    pub confidence: Confidence,
    /// The least effort to fix; a finding may say more.
    pub effort: Effort,
    /// Languages in whose files the rule finds something: `python`, `typescript`, `sql`.
    pub languages: Vec<String>,
    /// Other names it is known by.
    pub aliases: Vec<String>,
    /// What must hold once a finding is fixed.
    pub acceptance: Vec<String>,
    /// What the usual fix can break, a sentence.
    pub risk: String,
    /// How to show that a finding is fixed, a sentence.
    pub verify: String,
    /// Everything after the front matter.
    pub body: String,
    /// Examples, each a small project.
    pub examples: Vec<Example>,
    /// What it looks for, where it is the page of a rule of the user's own.
    pub own: Option<Arc<OwnRule>>,
    /// The file that it was read from; `None` for one that is built in.
    pub source: Option<String>,
}

/// The longest front matter, in bytes: findings carry parts of it.
const LONGEST_FRONT: usize = 10_000;

/// The front matter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Front {
    title: String,
    category: String,
    priority: Priority,
    confidence: Confidence,
    effort: Effort,
    languages: Vec<Spanned<String>>,
    #[serde(default)]
    aliases: Vec<String>,
    acceptance: Vec<String>,
    #[serde(default)]
    risk: String,
    #[serde(default)]
    verify: String,
    message: Option<Spanned<String>>,
    fix: Option<Spanned<String>>,
    #[serde(rename = "match")]
    matching: Option<Spanned<Matching>>,
}

/// What an example's block promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExampleMark {
    /// The rule must report something in it, or in another `bad` block of its project.
    Bad,
    /// The rule must report nothing in it.
    Good,
    /// Neither: it is there for the others.
    Context,
}

/// One block of code of a page, as a file of a small project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleFile {
    /// Path in the project.
    pub path: String,
    /// What stands between the fences.
    pub text: String,
    /// Promise.
    pub mark: ExampleMark,
}

/// An example: one block, or the blocks with the same `project=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The name given with `project=`; empty for a block of its own.
    pub project: String,
    /// Its blocks, in the order of the page.
    pub files: Vec<ExampleFile>,
    /// Whether the rule must report something: one of the blocks is `bad`.
    pub expect_bad: bool,
    /// The page's line where the first block starts.
    pub line: usize,
}

/// Why a page cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageError {
    /// The rule whose page is wrong, as its file is named.
    pub id: String,
    /// The page's line.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for PageError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.md:{}: {}", self.id, self.line, self.what)
    }
}

impl std::error::Error for PageError {}

impl Page {
    /// Reads a page.
    pub fn parse(id: &str, text: &str) -> Result<Page, PageError> {
        let text = text.replace("\r\n", "\n");
        let fail = |line: usize, what: String| PageError {
            id: id.to_owned(),
            line,
            what,
        };
        if id.is_empty()
            || !id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        {
            return Err(fail(1, "a page's name must be in kebab-case".to_owned()));
        }
        let rest = text
            .strip_prefix("+++\n")
            .ok_or_else(|| fail(1, "a page starts with a line `+++`".to_owned()))?;
        let (front, body) = rest
            .split_once("\n+++\n")
            .ok_or_else(|| fail(1, "the front matter ends with a line `+++`".to_owned()))?;
        let lines = LineIndex::new(front);
        let line_at = |at: usize| 1 + lines.line(u32::try_from(at).unwrap_or(u32::MAX)) as usize;
        if front.len() > LONGEST_FRONT {
            return Err(fail(1, format!("the front matter is longer than {LONGEST_FRONT} bytes")));
        }
        let front: Front = toml::from_str(front).map_err(|error| {
            let line = line_at(error.span().map_or(0, |span| span.start));
            // Some of the parser's messages go over several lines.
            fail(line, error.message().split_whitespace().collect::<Vec<_>>().join(" "))
        })?;
        let own = own_rule(id, &front).map_err(|(at, what)| fail(line_at(at), what))?;
        let first_line = 3 + rest[..rest.len() - body.len()].matches('\n').count() - 1;
        let blocks = read_body(body, first_line).map_err(|(line, what)| fail(line, what))?;
        let examples = group(blocks).map_err(|(line, what)| fail(line, what))?;
        if front.acceptance.is_empty() || front.languages.is_empty() {
            return Err(fail(2, "`acceptance` and `languages` must not be empty".to_owned()));
        }
        Ok(Page {
            id: id.to_owned(),
            title: front.title,
            category: front.category,
            priority: front.priority,
            confidence: front.confidence,
            effort: front.effort,
            languages: front.languages.into_iter().map(Spanned::into_inner).collect(),
            aliases: front.aliases,
            acceptance: front.acceptance,
            risk: front.risk,
            verify: front.verify,
            body: body.trim_matches('\n').to_owned(),
            examples,
            own: own.map(Arc::new),
            source: None,
        })
    }

    /// The text of a section; empty where the page has none of that name.
    pub fn section(&self, name: &str) -> &str {
        let mut start = None;
        let (mut at, mut fence) = (0, None);
        for line in self.body.split_inclusive('\n') {
            let heading = heading(line, &mut fence);
            if let (Some(start), Some(_)) = (start, heading) {
                return self.body.get(start..at).unwrap_or("").trim();
            }
            at += line.len();
            if heading == Some(name) {
                start = Some(at);
            }
        }
        start.and_then(|start| self.body.get(start..)).unwrap_or("").trim()
    }
}

/// What a front matter says of a rule of the user's own; a mistake is told with the byte that it begins at.
fn own_rule(id: &str, front: &Front) -> Result<Option<OwnRule>, (usize, String)> {
    let Some(matching) = &front.matching else {
        let alone = [("message", &front.message), ("fix", &front.fix)];
        let alone = alone.into_iter().find_map(|(key, text)| Some((key, text.as_ref()?.span().start)));
        return match alone {
            Some((key, at)) => Err((at, format!("`{key}` is for a rule of your own, which has a table `[match]`"))),
            None => Ok(None),
        };
    };
    let at = matching.span().start;
    let matching = matching.get_ref();
    if let Some(what) = matching.mistake() {
        return Err((at, what.to_owned()));
    }
    let known = Language::ALL.map(Language::name);
    if let Some(other) = front
        .languages
        .iter()
        .find(|language| !known.contains(&language.get_ref().as_str()))
    {
        let what = format!("unknown language `{}`; valid: {}", other.get_ref(), known.join(", "));
        return Err((other.span().start, what));
    }
    let needs = |key: &str, what: &str| (at, format!("a rule of your own needs `{key}`, {what}, above `[match]`"));
    let message = front.message.as_ref().ok_or_else(|| needs("message", "what is said of a place"))?;
    let fix = front.fix.as_ref().ok_or_else(|| needs("fix", "what to do about it"))?;
    let blanks = if matching.query.is_some() {
        &Blank::OF_QUERIES[..]
    } else {
        &Blank::OF_CALLS
    };
    Ok(Some(OwnRule {
        id: id.to_owned(),
        priority: front.priority,
        confidence: front.confidence,
        languages: front.languages.iter().map(|language| language.get_ref().clone()).collect(),
        matching: matching.clone(),
        message: Message::read(message.get_ref(), blanks).map_err(|what| (message.span().start, what))?,
        fix: fix.get_ref().clone(),
    }))
}

type Mistake = (usize, String);

/// The name of a `## ` heading outside fences; follows the fences.
fn heading<'a>(line: &'a str, fence: &mut Option<String>) -> Option<&'a str> {
    let line = line.trim_end();
    if let Some(open) = fence {
        if line.starts_with(open.as_str()) && line.bytes().all(|byte| byte == b'`') {
            *fence = None;
        }
        return None;
    }
    if line.starts_with("```") {
        *fence = Some(line.chars().take_while(|&character| character == '`').collect());
        return None;
    }
    line.strip_prefix("## ").map(str::trim)
}

/// One fenced block of the examples.
struct Block {
    file: ExampleFile,
    project: String,
    line: usize,
}

fn read_body(body: &str, first_line: usize) -> Result<Vec<Block>, Mistake> {
    let mut sections: Vec<&str> = Vec::new();
    let mut blocks = Vec::new();
    let mut fence = None;
    let mut open: Option<(usize, String, String)> = None;
    let mut line_number = first_line;
    for (index, line) in body.lines().enumerate() {
        line_number = first_line + index;
        let was_open = fence.is_some();
        if let Some(name) = heading(line, &mut fence) {
            if SECTIONS.get(sections.len()) != Some(&name) {
                let wanted = SECTIONS
                    .get(sections.len())
                    .map_or("no further section".to_owned(), |wanted| format!("`## {wanted}`"));
                return Err((line_number, format!("found `## {name}` where {wanted} belongs")));
            }
            sections.push(name);
        }
        match (was_open, fence.is_some()) {
            (false, true) => open = Some((line_number, line.trim_start_matches('`').trim().to_owned(), String::new())),
            (true, false) => {
                if let Some((start, info, text)) = open.take() {
                    blocks.extend(read_block(start, &info, text, sections.last() == Some(&"Examples"))?);
                }
            }
            _ => {
                if let Some((_, _, text)) = &mut open {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    if let Some((start, ..)) = open {
        return Err((start, "this block is never closed".to_owned()));
    }
    if let Some(missing) = SECTIONS.get(sections.len()) {
        return Err((line_number, format!("the section `## {missing}` is missing")));
    }
    Ok(blocks)
}

fn read_block(line: usize, info: &str, text: String, must_be_marked: bool) -> Result<Option<Block>, Mistake> {
    let mut words = info.split_whitespace();
    let language = words.next().unwrap_or("");
    let (mut mark, mut path, mut project) = (None, None, String::new());
    for word in words {
        match word.split_once('=') {
            None if word == "bad" => mark = Some(ExampleMark::Bad),
            None if word == "good" => mark = Some(ExampleMark::Good),
            Some(("file", value)) if is_safe(value) => path = Some(value.to_owned()),
            Some(("project", value)) if !value.is_empty() => value.clone_into(&mut project),
            _ => return Err((line, format!("`{word}` is not `bad`, `good`, `file=path` or `project=name`"))),
        }
    }
    if mark.is_none() && project.is_empty() {
        let unmarked = format!("an example must be marked: ```` ```{language} bad ```` or `good`");
        return if must_be_marked { Err((line, unmarked)) } else { Ok(None) };
    }
    let Some(path) = path.or_else(|| default_path(language)) else {
        return Err((line, format!("no file name is known for `{language}`; say `file=`")));
    };
    Ok(Some(Block {
        file: ExampleFile {
            path,
            text,
            mark: mark.unwrap_or(ExampleMark::Context),
        },
        project,
        line,
    }))
}

/// A relative path that stays inside.
fn is_safe(path: &str) -> bool {
    !path.is_empty() && !path.contains(['\\', '\0']) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn default_path(language: &str) -> Option<String> {
    let path = match language {
        "python" | "py" => "example.py",
        "ts" | "typescript" => "example.ts",
        "tsx" => "example.tsx",
        "js" | "javascript" => "example.js",
        "jsx" => "example.jsx",
        "sql" => "schema.sql",
        "prisma" => "schema.prisma",
        "graphql" => "schema.graphql",
        _ => return None,
    };
    Some(path.to_owned())
}

fn group(blocks: Vec<Block>) -> Result<Vec<Example>, Mistake> {
    let mut examples: Vec<Example> = Vec::new();
    for block in blocks {
        let is_bad = block.file.mark == ExampleMark::Bad;
        let known = examples
            .iter_mut()
            .find(|example| !block.project.is_empty() && example.project == block.project);
        let Some(example) = known else {
            examples.push(Example {
                project: block.project,
                files: vec![block.file],
                expect_bad: is_bad,
                line: block.line,
            });
            continue;
        };
        if example.files.iter().any(|file| file.path == block.file.path) {
            return Err((block.line, format!("project `{}` has `{}` twice", block.project, block.file.path)));
        }
        example.expect_bad |= is_bad;
        example.files.push(block.file);
    }
    for (wanted, what) in [(true, "bad"), (false, "good")] {
        if !examples.iter().any(|example| example.expect_bad == wanted) {
            return Err((1, format!("a page needs a `{what}` example")));
        }
    }
    Ok(examples)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRONT: &str = "+++\ntitle = \"T\"\ncategory = \"query\"\npriority = \"P1\"\nconfidence = \"high\"\neffort = \"M\"\nlanguages = [\"python\"]\nacceptance = [\"done\"]\n+++\n";

    fn page(examples: &str) -> String {
        format!(
            "{FRONT}\n## What it finds\n\nx\n\n## Why it costs\n\n## How to fix it\n\n```python\n## no heading\n```\n\n## When it is not a problem\n\n## Examples\n\n{examples}\n## References\n\nr\n"
        )
    }

    #[test]
    fn blocks_of_one_project_form_one_example() {
        let text = page(
            "```python bad project=a file=app/x.py\nx = 1\n```\n\n```sql project=a\ncreate table t();\n```\n\n````ts good\n```\n````\n",
        );
        let page = Page::parse("a-rule", &text).expect("valid");
        assert_eq!(page.examples.len(), 2);
        let first = &page.examples[0];
        assert!(first.expect_bad && !page.examples[1].expect_bad);
        assert_eq!(text.lines().nth(first.line - 1), Some("```python bad project=a file=app/x.py"));
        let paths: Vec<_> = first.files.iter().map(|file| (file.path.as_str(), file.mark)).collect();
        assert_eq!(paths, [("app/x.py", ExampleMark::Bad), ("schema.sql", ExampleMark::Context)]);
        assert_eq!(page.examples[1].files[0].text, "```\n");
        assert_eq!(page.section("What it finds"), "x");
        assert_eq!(page.section("How to fix it"), "```python\n## no heading\n```");
        assert_eq!(page.section("References"), "r");
    }

    #[test]
    fn a_mistake_in_a_page_is_named_with_its_line() {
        let message = |id: &str, text: &str| Page::parse(id, text).expect_err("wrong").to_string();
        let fine = "```python bad\n```\n```python good\n```\n";
        assert!(Page::parse("a", &page(fine)).is_ok());
        assert_eq!(message("A b", &page(fine)), "A b.md:1: a page's name must be in kebab-case");
        assert_eq!(message("a", "no"), "a.md:1: a page starts with a line `+++`");
        assert!(message("a", &page(fine).replace("effort", "efort")).starts_with("a.md:6: unknown field `efort`"));
        assert!(message("a", &page(fine).replace("Why it costs", "Why")).contains("found `## Why` where `## Why it costs` belongs"));
        assert!(message("a", &page("```python\n```\n")).contains("must be marked"));
        assert!(message("a", &page("```python bad file=../x.py\n```\n")).contains("`file=../x.py` is not"));
        assert!(message("a", &page("```python bad\n```\n")).contains("needs a `good` example"));
        assert!(message("a", &page("```python bad\n")).contains("never closed"));
    }
}
