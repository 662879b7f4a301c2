//! What a new revision takes over from the one before: the annotations of its identifiers, with the imports that they need.

/// Names that an annotation may use without an import.
const BUILT_IN: [&str; 5] = ["None", "list", "set", "str", "tuple"];

/// Imports that give what annotations name, where each stands on one line of its own.
pub fn imports(last: &str) -> Vec<&str> {
    let is_typing = |line: &&str| {
        let starts = ["from typing import ", "from collections.abc import ", "from __future__ import "];
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | ',' | '_');
        let is_one = *line == "import typing" || starts.iter().any(|start| line.starts_with(start));
        is_one && line.chars().all(is_plain)
    };
    last.lines().map(str::trim_end).filter(is_typing).collect()
}

/// A name with the annotation that the last revision gives it, where the imports have all that it names.
pub fn assigned<'t>(last: &'t str, name: &'t str, imports: &[&str]) -> &'t str {
    let line = last
        .lines()
        .find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([':', ' ', '='])));
    let annotated = line.and_then(|line| line.split_once('=')).map(|(left, _)| left.trim_end());
    let is_known = |left: &&str| {
        let annotation = left.strip_prefix(name).and_then(|rest| rest.trim_start().strip_prefix(':'));
        annotation.is_some_and(|annotation| is_covered(annotation, imports))
    };
    annotated.filter(is_known).unwrap_or(name)
}

/// Whether an annotation is of the usual signs, and the imports have the names that it begins with.
fn is_covered(annotation: &str, imports: &[&str]) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let is_plain = |c: char| is_word(c) || matches!(c, ' ' | ',' | '[' | ']' | '|');
    let mut words = annotation.split(|c: char| !is_word(c)).filter(|word| !word.is_empty());
    annotation.chars().all(is_plain)
        && words.all(|word| {
            let root = word.split('.').next().unwrap_or_default();
            BUILT_IN.contains(&root) || imports.iter().any(|import| gives(import, root))
        })
}

/// Whether an import binds a name.
fn gives(import: &str, name: &str) -> bool {
    let Some((_, names)) = import.split_once("import ") else {
        return false;
    };
    names.split(',').any(|one| one.rsplit(' ').next() == Some(name))
}
