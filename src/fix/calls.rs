//! Writes calls otherwise: with one more argument, as the sister that does not block, on a thread.

mod arguments;
mod queries;
mod querysets;
mod standing;
mod waiting;

use super::edits::{Edit, Mend, Safety};
use super::remedy::{Remedy, Rewrite, RewriteKind};
use super::site::{FixContext, FixOutcome};
use crate::finding::Finding;
use crate::ir::{Call, Module};
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::Evaluator;
use crate::walk::FileRole;

/// A call that is rewritten, and the text around it.
struct Place<'a> {
    path: &'a str,
    text: &'a str,
    module: &'a Module,
    call: Call<'a>,
    /// What is called is a function of the project that yields.
    makes_generator: bool,
}

/// What a rewrite is: edits, and in which corner they change the meaning.
struct Rewritten {
    edits: Vec<Edit>,
    title: String,
    /// Why the meaning is kept, or where it is not.
    reason: &'static str,
    safety: Safety,
}

/// Rewrites what findings ask for: of one finding all places or none.
pub fn mend(site: &FixContext<'_>, findings: &[&Finding]) -> FixOutcome {
    let mut outcome = FixOutcome::default();
    for finding in findings {
        let Some(Remedy::Calls(places)) = &finding.remedy else { continue };
        match together(site, finding, places) {
            Ok(mend) => outcome.mends.push(mend),
            Err(why) => outcome.leave(finding, why),
        }
    }
    outcome
}

fn together(site: &FixContext<'_>, finding: &Finding, places: &[Rewrite]) -> Result<Mend, String> {
    let mut all: Vec<Rewritten> = Vec::new();
    for place in places {
        all.push(rewrite(site, place)?);
    }
    let first = all.first().ok_or("nothing is to be rewritten")?;
    let more = match all.len() {
        1 => String::new(),
        more => format!(" and {} more", more - 1),
    };
    let doubtful = all.iter().find(|one| one.safety == Safety::Unsafe).unwrap_or(first);
    Ok(Mend {
        findings: vec![finding.fingerprint.clone()],
        title: format!("{}{more}", first.title),
        safety: doubtful.safety,
        reason: doubtful.reason.to_owned(),
        edits: all.into_iter().flat_map(|one| one.edits).collect(),
        files: Vec::new(),
    })
}

fn rewrite(site: &FixContext<'_>, rewrite: &Rewrite) -> Result<Rewritten, String> {
    let gone = || format!("{}: the call was not found", rewrite.file);
    let file = site.file(&rewrite.file).ok_or_else(gone)?;
    let module = site.project.code.module(file);
    if rewrite.file.ends_with(".vue") || rewrite.file.ends_with(".svelte") {
        return Err(format!("{}: components are not edited", rewrite.file));
    }
    if site.project.role(file) == FileRole::Migration {
        return Err(format!("{} is a migration, which may have run", rewrite.file));
    }
    let source = site.editable(&rewrite.file)?;
    if let RewriteKind::Eager(eager) = &rewrite.how {
        let rows = module.expr_ids().find(|(_, expr)| expr.span == rewrite.span).map(|(id, _)| id);
        return queries::eager(site, (file, rows.ok_or_else(gone)?), &source.text, eager);
    }
    let call = module
        .calls()
        .find(|call| module.expr(call.id).span == rewrite.span)
        .ok_or_else(gone)?;
    let place = Place {
        path: &rewrite.file,
        text: &source.text,
        module,
        makes_generator: makes_generator(site, file, &call),
        call,
    };
    match &rewrite.how {
        RewriteKind::Argument { name, value, position } => arguments::add(&place, name, value, *position),
        RewriteKind::Sleep => waiting::sleep(&place),
        RewriteKind::Thread => waiting::thread(&place),
        RewriteKind::Sister => waiting::sister(&place),
        RewriteKind::Exists { library } => queries::exists(&place, library),
        RewriteKind::Eager(_) => Err(gone()),
    }
}

fn makes_generator(site: &FixContext<'_>, file: FileId, call: &Call<'_>) -> bool {
    let eval = Evaluator::new(&site.project.code);
    match eval.value(file, call.callee) {
        Value::Function(at, function) => site.project.code.module(at).function(function).is_generator,
        _ => false,
    }
}

impl Place<'_> {
    /// What stands at the call, for messages.
    fn shown(&self) -> String {
        let name = self.module.dotted(self.call.callee);
        name.unwrap_or_else(|| self.call.method().unwrap_or("the call").to_owned())
    }

    /// The offsets of the parentheses of its arguments.
    fn parentheses(&self) -> Result<(usize, usize), String> {
        let unclear = || format!("{}: the arguments of `{}` are not written as usual", self.path, self.shown());
        let after = self.module.expr(self.call.callee).span.end as usize;
        let end = self.module.expr(self.call.id).span.end as usize;
        let between = self.text.get(after..end).ok_or_else(unclear)?;
        let open = between.len() - between.trim_start().len();
        let close = end.checked_sub(1).ok_or_else(unclear)?;
        let is_closed = self.text.get(close..end) == Some(")");
        if between[open..].starts_with('(') && is_closed && after + open < close {
            Ok((after + open, close))
        } else {
            Err(unclear())
        }
    }
}
