//! Looks for what a rule of the user's own names, in the calls and the statements that are known.

use ignore::gitignore::Gitignore;
use rustc_hash::FxHashMap;

use super::matching::{MatchPlace, QueryMatch};
use super::message::Blank;
use super::rule::OwnRule;
use crate::analysis::queries::{RowBound, bound_of};
use crate::budget::Limit;
use crate::finding::{Confidence, Finding, Fix, Role};
use crate::ir::ExprId;
use crate::judge::reach::{self, Reach};
use crate::judge::{evidence, priority};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, EdgeKind, FnId, QuerySite};
use crate::project::loops::{self, LoopVerdict};
use crate::source::Span;
use crate::statement::Operation;
use crate::walk;

/// Findings of one rule of the user's own: each call or statement of the project that its `[match]` names.
pub fn find(rule: &OwnRule, project: &Project) -> Vec<Finding> {
    let globs = rule.matching.paths.0.iter().map(|glob| glob.0.as_str());
    // They were tried when the page was read.
    let Ok(paths) = walk::globs(globs) else { return Vec::new() };
    let mut search = Search {
        rule,
        project,
        paths,
        names: FxHashMap::default(),
        found: Vec::new(),
    };
    match &rule.matching.query {
        Some(wanted) => search.queries(wanted),
        None => search.calls(),
    }
    search.found
}

struct Search<'a> {
    rule: &'a OwnRule,
    project: &'a Project,
    paths: Gitignore,
    /// Names of functions that were compared already.
    names: FxHashMap<String, bool>,
    found: Vec<Finding>,
}

/// A place that is like what is looked for, but for where it stands.
struct Candidate {
    function: FnId,
    expr: ExprId,
    span: Span,
    what: Matched,
}

/// What was matched: a call or a statement.
enum Matched {
    Call {
        name: String,
        effects: Effects,
    },
    Statement {
        operation: Operation,
        table: String,
        bound: RowBound,
        essence: String,
    },
}

impl Search<'_> {
    fn calls(&mut self) {
        let project = self.project;
        for functions in project.graph.functions.as_slice().chunk_by(|left, right| left.file == right.file) {
            let Some(file) = functions.first().map(|node| node.file).filter(|&file| self.takes(file)) else {
                continue;
            };
            let module = project.code.module(file);
            let eval = Evaluator::new(&project.code);
            for node in functions {
                let function = project.graph.id(file, node.id);
                for edge in node.edges.iter().filter(|edge| module.call(edge.expr).is_some()) {
                    let Some(name) = self.called(edge) else { continue };
                    let candidate = Candidate {
                        function,
                        expr: edge.expr,
                        span: module.expr(edge.expr).span,
                        what: Matched::Call {
                            name,
                            effects: edge.effects,
                        },
                    };
                    if !self.take(&eval, &candidate) {
                        return;
                    }
                }
            }
        }
    }

    /// The name of what a call runs, where that is looked for.
    fn called(&mut self, edge: &Edge) -> Option<String> {
        let wanted = &self.rule.matching.effects.0;
        if !wanted.iter().all(|&effect| edge.effects.has(effect)) {
            return None;
        }
        if let Some(name) = &edge.external {
            let name = evidence::readable(name);
            return self.is_named(&name).then_some(name);
        }
        if edge.guessed || edge.kind == EdgeKind::Inline {
            return None;
        }
        let project = self.project;
        let names = edge.targets.iter().map(|&target| project.symbol(target));
        names.into_iter().find(|name| self.is_named(name))
    }

    fn is_named(&mut self, name: &str) -> bool {
        let wanted = &self.rule.matching.call.0;
        if wanted.is_empty() {
            return true;
        }
        if let Some(&known) = self.names.get(name) {
            return known;
        }
        let is_named = wanted.iter().any(|pattern| pattern.fits(name));
        self.names.insert(name.to_owned(), is_named);
        is_named
    }

    fn queries(&mut self, wanted: &QueryMatch) {
        let project = self.project;
        for sites in project.graph.sites.as_slice().chunk_by(|left, right| left.file == right.file) {
            if !sites.first().is_some_and(|site| self.takes(site.file)) {
                continue;
            }
            let eval = Evaluator::new(&project.code);
            for site in sites {
                let Some(what) = statement(project, site, wanted) else { continue };
                let candidate = Candidate {
                    function: site.function,
                    expr: site.expr,
                    span: site.span,
                    what,
                };
                if !self.take(&eval, &candidate) {
                    return;
                }
            }
        }
    }

    /// Whether the rule looks into a file.
    fn takes(&self, file: FileId) -> bool {
        let Some(facts) = self.project.code.files.get(file.index()) else {
            return false;
        };
        let is_of_language = |name: &String| facts.module.as_ref().is_some_and(|module| module.language.name() == name);
        // A path outside of the root is below no glob.
        let is_inside = || !facts.path.starts_with("../") && self.paths.matched_path_or_any_parents(&facts.path, false).is_ignore();
        self.rule.languages.iter().any(is_of_language) && (self.paths.is_empty() || is_inside())
    }

    /// Makes a finding of a place that stands where it is looked for; `false` where the rule has found all that it may.
    fn take(&mut self, eval: &Evaluator<'_>, candidate: &Candidate) -> bool {
        let (project, rule) = (self.project, self.rule);
        let (function, expr) = (candidate.function, candidate.expr);
        let node = project.graph.function(function);
        let asks = |within: MatchPlace| rule.matching.within.0.contains(&within);
        if asks(MatchPlace::Async) && !node.is_async {
            return true;
        }
        let mut around = None;
        if asks(MatchPlace::Loop) {
            let loops = loops::around(eval, node.file, expr).into_iter();
            around = loops.into_iter().find(|one| one.verdict == LoopVerdict::PerRow);
            if around.is_none() {
                return true;
            }
        }
        let reach = reach::at(project, function, expr);
        let wanted = rule.matching.within.0.iter().find_map(|within| within.reached());
        if wanted.is_some_and(|wanted| wanted != reach.level) {
            return true;
        }
        if self.found.len() >= Limit::OwnFindings.count() {
            project.code.tell(Limit::OwnFindings, node.file, candidate.span.start);
            return false;
        }
        let mut finding = self.finding(candidate, &reach, wanted.is_some());
        if let Some(around) = around {
            finding.relate(project.place_in(function, around.header), Role::Loop, "the loop");
        }
        self.found.push(finding);
        true
    }

    fn finding(&self, candidate: &Candidate, reach: &Reach, rests_on_reach: bool) -> Finding {
        let (project, rule) = (self.project, self.rule);
        let is_probable = rests_on_reach && reach.is_loose;
        let confidence = if is_probable {
            rule.confidence.max(Confidence::Medium)
        } else {
            rule.confidence
        };
        let judgement = priority::said(rule.priority, is_probable);
        let place = project.place_in(candidate.function, candidate.span);
        let mut finding = Finding::new(&rule.id, judgement, confidence, place);
        finding.message = rule.message.fill(|blank| self.text(blank, candidate, reach));
        finding.impact = reach.words();
        finding.fix = Fix {
            summary: rule.fix.clone(),
            ..Fix::default()
        };
        finding.subject = match &candidate.what {
            Matched::Call { name, .. } => name.clone(),
            Matched::Statement { essence, .. } => essence.clone(),
        };
        finding.related = evidence::path_to_place(project, candidate.function, candidate.expr);
        finding
    }

    fn text(&self, blank: Blank, candidate: &Candidate, reach: &Reach) -> String {
        match (blank, &candidate.what) {
            (Blank::Call, Matched::Call { name, .. }) => name.clone(),
            (Blank::Effects, Matched::Call { effects, .. }) => effects.names().collect::<Vec<_>>().join(", "),
            (Blank::Operation, Matched::Statement { operation: does, .. }) => does.word().to_uppercase(),
            (Blank::Table, Matched::Statement { table, .. }) => table.clone(),
            (Blank::Bound, Matched::Statement { bound, .. }) => bound.words().to_owned(),
            (Blank::Function, _) => self.project.short_name(candidate.function),
            (Blank::Entry, _) => reach.label.clone().unwrap_or_else(|| "an unknown caller".to_owned()),
            // The message was read for what the rule looks for.
            (Blank::Call | Blank::Effects, Matched::Statement { .. })
            | (Blank::Operation | Blank::Table | Blank::Bound, Matched::Call { .. }) => String::new(),
        }
    }
}

/// The site's statement as a candidate; `None` where operation, table or row bound is not one that the rule's `[match.query]` names.
fn statement(project: &Project, site: &QuerySite, wanted: &QueryMatch) -> Option<Matched> {
    let (query, statement) = (&site.query, &site.query.statement);
    if !wanted.operation.0.is_empty() && (query.opaque || !wanted.operation.0.contains(&statement.operation)) {
        return None;
    }
    let of_schema = project.table_of(query).map(|table| table.name.as_str());
    let written = statement.tables.iter().map(|table| table.name.as_str());
    let mut names: Vec<&str> = of_schema.into_iter().chain(written).collect();
    let is_wanted = |name: &&&str| wanted.table.0.iter().any(|pattern| pattern.fits(name));
    if !wanted.table.0.is_empty() {
        let found = names.iter().find(is_wanted).copied()?;
        names = vec![found];
    }
    let bound = bound_of(project, site);
    if !wanted.bound.0.is_empty() && !wanted.bound.0.contains(&bound) {
        return None;
    }
    Some(Matched::Statement {
        operation: statement.operation,
        table: names.first().map_or_else(|| "a table".to_owned(), |&name| name.to_owned()),
        bound,
        essence: evidence::essence(query),
    })
}
