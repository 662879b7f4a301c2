//! One more argument for a call.

use super::{Place, Rewritten};
use crate::fix::edits::{Edit, Safety};
use crate::fix::imports::{self, WantedImport};
use crate::fix::text::{line_end, line_indent};
use crate::ir::{ExprId, ExprKind};

/// Adds an argument by its name, as a keyword or as an entry of the options at a position.
pub fn add(place: &Place<'_>, name: &str, value: &str, position: Option<usize>) -> Result<Rewritten, String> {
    let mut edits = Vec::new();
    let edit = if place.module.language.names_arguments() {
        // `aiohttp.ClientTimeout(total=10)`.
        if let Some((module, _)) = value
            .split_once('.')
            .filter(|(module, _)| module.starts_with(|c: char| c.is_ascii_alphabetic()))
        {
            let wanted = WantedImport { from: None, name: module };
            edits.extend(imports::add(place.module, (place.path, place.text), wanted)?);
        }
        keyword(place, &format!("{name}={value}"))?
    } else {
        let position = position.ok_or_else(|| format!("where `{}` takes its options is not known", place.shown()))?;
        option(place, position, &format!("{name}: {value}"))?
    };
    edits.push(edit);
    Ok(Rewritten {
        edits,
        title: format!("`{name}` for `{}`", place.shown()),
        reason: "a wait that took longer and then succeeded fails from now on: choose the limit",
        safety: Safety::Unsafe,
    })
}

/// `f(a, b)` with one more, after the others.
fn keyword(place: &Place<'_>, argument: &str) -> Result<Edit, String> {
    let (open, close) = place.parentheses()?;
    let inner = &place.text[open + 1..close];
    let kept = inner.trim_end();
    let at = open + 1 + kept.len();
    if place.call.args.is_empty() && kept.is_empty() {
        return Ok(Edit::insert(place.path, open + 1, argument));
    }
    let last = place
        .call
        .args
        .last()
        .map_or(open, |arg| place.module.expr(arg.value).span.end as usize);
    let is_generator = place
        .call
        .args
        .iter()
        .any(|arg| matches!(place.module.kind(arg.value), ExprKind::Comp(comp) if comp.kind == crate::ir::CompKind::Generator));
    if place.text.get(last..close).is_none_or(|rest| rest.contains('#')) || is_generator {
        return Err(format!(
            "{}: a comment or a generator ends the arguments of `{}`",
            place.path,
            place.shown()
        ));
    }
    let is_open = place.text[at..close].contains('\n');
    let has_comma = kept.ends_with(',');
    let text = match (is_open, has_comma) {
        (true, _) => {
            let start = place
                .call
                .args
                .last()
                .map_or(open, |arg| place.module.expr(arg.value).span.start as usize);
            let line = format!("{}{}{argument}", line_end(place.text), line_indent(place.text, start));
            if has_comma { format!("{line},") } else { format!(",{line}") }
        }
        (false, true) => format!(" {argument}"),
        (false, false) => format!(", {argument}"),
    };
    Ok(Edit::insert(place.path, at, text))
}

/// `f(a, { … })` with one more entry, before the others: what is spread into the options may set it still.
fn option(place: &Place<'_>, position: usize, entry: &str) -> Result<Edit, String> {
    let args = place.call.args;
    if args.iter().any(|arg| matches!(place.module.kind(arg.value), ExprKind::Spread(_))) {
        return Err(format!("the arguments of `{}` are spread", place.shown()));
    }
    match args.get(position) {
        Some(arg) => into_object(place, arg.value, entry),
        None if args.len() == position => {
            let (open, close) = place.parentheses()?;
            let inner = place.text[open + 1..close].trim_end();
            let before = match inner {
                "" => "",
                inner if inner.ends_with(',') => " ",
                _ => ", ",
            };
            let last = args.last().map_or(open, |arg| place.module.expr(arg.value).span.end as usize);
            if place.text[last..close].contains("//") || place.text[last..close].contains("/*") {
                return Err(format!("{}: a comment ends the arguments of `{}`", place.path, place.shown()));
            }
            Ok(Edit::insert(place.path, open + 1 + inner.len(), format!("{before}{{ {entry} }}")))
        }
        None => Err(format!("`{}` takes its options after others that are not given", place.shown())),
    }
}

fn into_object(place: &Place<'_>, object: ExprId, entry: &str) -> Result<Edit, String> {
    let span = place.module.expr(object).span;
    let text = place.text.get(span.start as usize..span.end as usize).unwrap_or_default();
    let ExprKind::Object(entries) = place.module.kind(object) else {
        return Err(format!("the options of `{}` are made elsewhere", place.shown()));
    };
    if !text.starts_with('{') {
        return Err(format!("the options of `{}` are not written as usual", place.shown()));
    }
    let at = span.start as usize + 1;
    let inner = &text[1..];
    let blanks = inner.len() - inner.trim_start().len();
    if entries.is_empty() {
        return Ok(Edit::insert(place.path, at, format!(" {entry} ")));
    }
    if inner[..blanks].contains('\n') {
        let indent = line_indent(place.text, at + blanks);
        return Ok(Edit::insert(place.path, at, format!("{}{indent}{entry},", line_end(place.text))));
    }
    let between = if blanks > 0 { " " } else { "" };
    Ok(Edit::insert(
        place.path,
        at,
        format!("{between}{entry},{}", if blanks > 0 { "" } else { " " }),
    ))
}
