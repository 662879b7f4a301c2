//! Adds names to the imports of a TypeScript or JavaScript file.

use super::edits::Edit;
use super::imports::binds;
use super::text::{line_end, line_indent, line_start, line_stop, slice};
use crate::ir::{FunctionId, Import, Module};

/// A name that code is to use, and the package that it is taken from.
#[derive(Clone, Copy)]
pub struct WantedName<'a> {
    /// The package, as it is imported.
    pub from: &'a str,
    /// The name that the package exports.
    pub name: &'a str,
}

/// What makes a name usable in a file: nothing where it is imported already. Fails where the file uses the name for something else, or
/// has no import to stand beside.
pub fn add(module: &Module, (path, text): (&str, &str), wanted: WantedName<'_>) -> Result<Option<Edit>, String> {
    let is_top = |import: &&Import| import.function == FunctionId::MODULE;
    let known = module.imports.iter().find(|import| module.str(import.local) == wanted.name);
    if let Some(known) = known {
        let is_same = module.str(known.module) == wanted.from && known.name.is_some_and(|name| module.str(name) == wanted.name);
        return if is_same && !known.is_type && is_top(&known) {
            Ok(None)
        } else {
            Err(format!("{path} imports another `{}`", wanted.name))
        };
    }
    if binds(module, wanted.name) {
        return Err(format!("{path} has a `{}` of its own", wanted.name));
    }
    let top = || module.imports.iter().filter(is_top);
    let same = top().filter(|import| module.str(import.module) == wanted.from && !import.is_type);
    let among = same.last().and_then(|import| among(text, import, wanted.name));
    let (at, inserted) = if let Some(among) = among {
        among
    } else {
        let last = top().next_back().ok_or_else(|| format!("{path} has no import to stand beside"))?;
        alone(text, last, wanted).ok_or_else(|| format!("{path}: its imports are not written one a line"))?
    };
    Ok(Some(Edit {
        is_shared: true,
        ..Edit::insert(path, at, inserted)
    }))
}

/// The braces of the statement that an import is in: where what is between them begins and ends.
fn braces(text: &str, import: &Import) -> Option<(usize, usize)> {
    let start = line_start(text, import.span.start as usize);
    let whole = text.get(start..)?;
    let open = whole.find('{')?;
    let close = whole.find('}')?;
    let inner = whole.get(open + 1..close)?;
    let head = whole[..open].trim_start();
    let is_statement = ["import ", "const ", "let ", "var "].iter().any(|word| head.starts_with(word)) && !head.contains(';');
    let is_plain = |c: char| c.is_alphanumeric() || c.is_whitespace() || matches!(c, '_' | '$' | ',' | ':');
    (is_statement && inner.chars().all(is_plain)).then_some((start + open + 1, start + close))
}

/// Where a name stands among those of an import, and what is to be put there.
fn among(text: &str, import: &Import, name: &str) -> Option<(usize, String)> {
    let (start, end) = braces(text, import)?;
    let inner = text.get(start..end)?;
    let mut at = start;
    let mut items: Vec<(usize, &str)> = Vec::new();
    for part in inner.split(',') {
        let item = part.trim();
        if !item.is_empty() {
            items.push((at + part.len() - part.trim_start().len(), item));
        }
        at += part.len() + 1;
    }
    let (last_at, last) = *items.last()?;
    let bare = |item: &str| item.trim_start_matches("type ").to_lowercase();
    let is_sorted = items.windows(2).all(|pair| bare(pair[0].1) <= bare(pair[1].1));
    let own_line = |at: usize| text[line_start(text, at)..at].trim().is_empty();
    let after = items.iter().find(|(_, item)| is_sorted && bare(item) > name.to_lowercase());
    if let Some(&(at, _)) = after {
        let between = if own_line(at) {
            format!("{}{}", line_end(text), line_indent(text, at))
        } else {
            " ".to_owned()
        };
        return Some((at, format!("{name},{between}")));
    }
    let between = if own_line(last_at) {
        format!("{}{}", line_end(text), line_indent(text, last_at))
    } else {
        " ".to_owned()
    };
    Some((last_at + last.len(), format!(",{between}{name}")))
}

/// An import of its own after another one, in its form.
fn alone(text: &str, last: &Import, wanted: WantedName<'_>) -> Option<(usize, String)> {
    let stop = line_stop(text, last.span.end as usize);
    let first = line_start(text, last.span.start as usize);
    let whole = text.get(first..stop)?;
    let statement = whole.trim_end();
    let semicolon = if statement.ends_with(';') { ";" } else { "" };
    let quote = if statement.matches('"').count() > 0 { '"' } else { '\'' };
    let is_plain = statement.trim_end_matches([';', ')']).ends_with(['"', '\'']) && slice(text, last.span).is_some();
    let line = if statement.starts_with("import ") || statement.starts_with('}') {
        format!("import {{ {} }} from {quote}{}{quote}{semicolon}", wanted.name, wanted.from)
    } else {
        format!("const {{ {} }} = require({quote}{}{quote}){semicolon}", wanted.name, wanted.from)
    };
    is_plain.then(|| (stop, format!("{}{line}", line_end(text))))
}
