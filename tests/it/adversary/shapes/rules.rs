//! Many defects of each rule: the bad examples of its page, again and again under new names.

use std::collections::{BTreeMap, BTreeSet};

use perfaudit::engine::page::Example;
use perfaudit::engine::pages::Pages;

use super::{Files, Shape};

/// Words after which a name is declared.
const DECLARES: [&str; 14] = [
    "def",
    "class",
    "function",
    "const",
    "let",
    "var",
    "interface",
    "type",
    "model",
    "enum",
    "table",
    "index",
    "exists",
    "only",
];

pub fn shapes() -> Vec<Shape> {
    let pages = Pages::built_in().expect("valid pages");
    let bad = pages.iter().filter_map(|page| {
        let examples: Vec<Example> = page.examples.iter().filter(|example| example.expect_bad).cloned().collect();
        (!examples.is_empty()).then(|| (format!("rule-{}", page.id), examples))
    });
    bad.map(|(name, examples)| Shape::files(name, move |size| repeated(&examples, size)))
        .collect()
}

/// Copies of all examples: those of program text and SQL one after the other in their files, others in folders of their own.
fn repeated(examples: &[Example], size: usize) -> Files {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut total = 0;
    for (at, example) in examples.iter().enumerate() {
        let names = declared(example);
        let until = size * (at + 1) / examples.len();
        let mut copy = 0;
        while total < until {
            for file in &example.files {
                let text = renamed(&file.text, &names, copy);
                total += text.len() + 1;
                let whole = files.entry(place(&file.path, at, copy)).or_default();
                whole.push_str(&text);
                whole.push('\n');
            }
            copy += 1;
        }
    }
    files.into_iter().collect()
}

fn place(path: &str, example: usize, copy: usize) -> String {
    let joins = [".py", ".ts", ".tsx", ".js", ".jsx", ".sql", ".prisma", ".html"];
    // A thousand defects in one file, and then the next one.
    if joins.iter().any(|end| path.ends_with(end)) {
        format!("e{example}x{}/{path}", copy / 1_000)
    } else {
        format!("e{example}x{}/c{copy}/{path}", copy / 1_000)
    }
}

/// The names that the files of an example declare.
fn declared(example: &Example) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in &example.files {
        let mut before = String::new();
        for word in words(&file.text).filter(|word| !word.trim().is_empty()) {
            let is_name = word.starts_with(|first: char| first.is_alphabetic() || first == '_');
            if is_name && DECLARES.contains(&before.as_str()) && !DECLARES.contains(&word.to_lowercase().as_str()) {
                names.insert(word.to_owned());
            }
            before = word.to_lowercase();
        }
    }
    names
}

fn renamed(text: &str, names: &BTreeSet<String>, copy: usize) -> String {
    let suffix = |word: &str| {
        if copy > 0 && names.contains(word) {
            format!("_{copy}")
        } else {
            String::new()
        }
    };
    words(text)
        .map(|word| format!("{word}{}", suffix(word)))
        .collect::<Vec<_>>()
        .concat()
}

/// The words of a text and what stands between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let inside = is_word(first);
        let end = rest.find(|c| is_word(c) != inside).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}
