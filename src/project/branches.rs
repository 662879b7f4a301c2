//! Branches that a call's constant arguments close: under `if url:`, nothing runs for `load(url=None)`.

use super::Project;
use super::graph::{Edge, EdgeKind, FnId, QuerySite};
use crate::ir::{Call, Entry, ExprId, ExprKind, Function, FunctionId, Language, Module, Param, ParamKind, Parent, StmtId, StmtKind, Sym};
use crate::libraries::data::Effects;
use crate::libraries::value::FileId;
use crate::statement::Operation;

/// How many calls deep constants are followed.
const MAX_DEPTH: u32 = 4;
/// How many functions are looked at for one call.
const BUDGET: u32 = 60;
/// How deep objects and member paths are followed.
const MAX_NESTING: u32 = 6;

/// What is known of a parameter's value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Constant {
    truth: bool,
    is_null: bool,
    /// For an object literal all its fields, with the values that are known. Any other field is undefined.
    fields: Option<Vec<(String, Option<Constant>)>>,
}

impl Constant {
    const NULL: Constant = Constant {
        truth: false,
        is_null: true,
        fields: None,
    };

    fn of_truth(truth: bool) -> Constant {
        Constant {
            truth,
            is_null: false,
            fields: None,
        }
    }

    /// `options?.limit`, which is undefined when `options` is, or has no such field.
    fn field(&self, name: &str) -> Option<Constant> {
        if self.is_null {
            return Some(Constant::NULL);
        }
        match self.fields.as_ref()?.iter().find(|(key, _)| key == name) {
            Some((_, value)) => value.clone(),
            None => Some(Constant::NULL),
        }
    }
}

type Known = Vec<(Sym, Constant)>;

/// Whether an effect of a call's target (read, write or network) can happen with the arguments that the call passes.
pub fn runs(project: &Project, file: FileId, edge: &Edge, target: FnId, effect: Effects) -> bool {
    let module = project.code.module(file);
    let known = match module.call(edge.expr) {
        Some(call) if edge.kind == EdgeKind::Call => passed(project, module, &call, target, &[]),
        _ => return true,
    };
    known.is_empty()
        || Search {
            project,
            effect,
            budget: BUDGET,
        }
        .function(target, &known, 0)
}

/// Whether an expression is reached with the arguments that a call passes; one that the called function only reaches through
/// others, perhaps in other files, is taken to be.
pub fn reaches(project: &Project, file: FileId, edge: &Edge, target: FnId, (place, expr): (FileId, ExprId)) -> bool {
    let module = project.code.module(file);
    let node = project.graph.function(target);
    let Some(call) = module.call(edge.expr).filter(|_| place == node.file) else {
        return true;
    };
    let known = passed(project, module, &call, target, &[]);
    !is_closed(project.code.module(node.file), node.id, expr, &known)
}

struct Search<'p> {
    project: &'p Project,
    effect: Effects,
    budget: u32,
}

impl Search<'_> {
    fn function(&mut self, at: FnId, known: &Known, depth: u32) -> bool {
        if depth > MAX_DEPTH || self.budget == 0 || known.is_empty() {
            return true;
        }
        self.budget -= 1;
        let node = self.project.graph.function(at);
        let module = self.project.code.module(node.file);
        let is_open = |expr: ExprId| !is_closed(module, node.id, expr, known);
        let mut sites = node.queries.iter().filter_map(|&site| self.project.graph.sites.get(site));
        if sites.any(|site| has(site, self.effect) && is_open(site.expr)) {
            return true;
        }
        for edge in node.edges.iter().filter(|edge| edge.kind != EdgeKind::Later) {
            if !is_open(edge.expr) {
                continue;
            }
            if edge.kind == EdgeKind::Call && edge.effects.has(self.effect) {
                return true;
            }
            for &target in &edge.targets {
                if !self.project.graph.function(target).effects.has(self.effect) {
                    continue;
                }
                let inner = match module.call(edge.expr) {
                    Some(call) if edge.kind == EdgeKind::Call => passed(self.project, module, &call, target, known),
                    // A callback of this function sees its names.
                    _ if self.project.graph.function(target).file == node.file => known.clone(),
                    _ => Vec::new(),
                };
                if self.function(target, &inner, depth + 1) {
                    return true;
                }
            }
        }
        false
    }
}

fn has(site: &QuerySite, effect: Effects) -> bool {
    let is_write = matches!(
        site.query.statement.operation,
        Operation::Insert | Operation::Update | Operation::Delete
    );
    is_write == (effect == Effects::WRITE) && effect != Effects::NETWORK
}

/// The constants that a call gives to the parameters of its target, by argument or by default.
fn passed(project: &Project, module: &Module, call: &Call<'_>, target: FnId, known: &[(Sym, Constant)]) -> Known {
    let node = project.graph.function(target);
    let callee = project.code.module(node.file);
    let definition = callee.function(node.id);
    if call.is_open() {
        return Vec::new();
    }
    let skipped = usize::from(is_bound(callee, definition));
    let mut out = Vec::new();
    for (index, param) in definition.params.iter().enumerate().skip(skipped) {
        if let Some(pattern) = param.pattern.filter(|_| param.kind == ParamKind::Plain) {
            let given = match call.arg(index - skipped) {
                Some(arg) => constant(module, arg, known, 0),
                None => omitted(callee, param),
            };
            let bound = given.iter().flat_map(|given| unpacked(callee, pattern, given));
            out.extend(bound.filter(|(name, _)| !is_set(callee, node.id, *name)));
            continue;
        }
        let Some(name) = param
            .name
            .filter(|_| matches!(param.kind, ParamKind::Plain | ParamKind::KeywordOnly))
        else {
            continue;
        };
        let arg = call.keyword(callee.str(name)).or_else(|| match param.kind {
            ParamKind::Plain => call.arg(index - skipped),
            _ => None,
        });
        let value = match arg {
            Some(arg) => constant(module, arg, known, 0),
            None => omitted(callee, param),
        };
        if let Some(value) = value
            && !is_set(callee, node.id, name)
        {
            out.push((name, value));
        }
    }
    out
}

/// What `{ id, withVotes }` binds of the argument that is given.
fn unpacked(module: &Module, pattern: ExprId, given: &Constant) -> Known {
    let ExprKind::Object(entries) = module.kind(pattern) else {
        return Vec::new();
    };
    let bound = |entry: &Entry| match *module.kind(entry.value) {
        ExprKind::Name(name) => Some((name, given.field(module.string(entry.key?)?)?)),
        _ => None,
    };
    entries.iter().filter_map(bound).collect()
}

fn is_bound(module: &Module, definition: &Function) -> bool {
    module.language == Language::Python
        && definition
            .params
            .first()
            .and_then(|param| param.name)
            .is_some_and(|name| matches!(module.str(name), "self" | "cls"))
}

fn omitted(module: &Module, param: &Param) -> Option<Constant> {
    match param.default {
        Some(default) => constant(module, default, &[], 0),
        // A JavaScript parameter that is not passed is undefined.
        None if module.language != Language::Python => Some(Constant::NULL),
        None => None,
    }
}

fn constant(module: &Module, expr: ExprId, known: &[(Sym, Constant)], depth: u32) -> Option<Constant> {
    if depth > MAX_NESTING {
        return None;
    }
    let is = |truth: bool| Some(Constant::of_truth(truth));
    match module.kind(expr) {
        ExprKind::Null => Some(Constant::NULL),
        ExprKind::Bool(value) => is(*value),
        ExprKind::Str(text) => is(!module.str(*text).is_empty()),
        ExprKind::Num(value) => is(*value != 0.0),
        ExprKind::Name(name) if module.str(*name) == "undefined" => Some(Constant::NULL),
        ExprKind::Name(name) => known.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()),
        ExprKind::Attr { base, name } if module.language == Language::TypeScript => {
            constant(module, *base, known, depth + 1)?.field(module.str(*name))
        }
        ExprKind::Object(entries) if module.language == Language::TypeScript => Some(Constant {
            fields: fields(module, entries, known, depth),
            ..Constant::of_truth(true)
        }),
        _ => None,
    }
}

/// The fields of an object literal; nothing where a spread or a computed key may bring more.
fn fields(module: &Module, entries: &[Entry], known: &[(Sym, Constant)], depth: u32) -> Option<Vec<(String, Option<Constant>)>> {
    let field = |entry: &Entry| {
        let key = module.string(entry.key?)?.to_owned();
        Some((key, constant(module, entry.value, known, depth + 1)))
    };
    entries.iter().map(field).collect()
}

/// Whether the function gives the name another value.
fn is_set(module: &Module, function: FunctionId, name: Sym) -> bool {
    let span = module.function(function).span;
    module.stmts.iter().any(|stmt| match &stmt.kind {
        StmtKind::Assign { target, .. } => span.encloses(stmt.span) && root(module, *target) == Some(name),
        _ => false,
    })
}

/// The name that an assignment changes: itself, or one of its fields.
fn root(module: &Module, mut target: ExprId) -> Option<Sym> {
    for _ in 0..MAX_NESTING {
        match module.kind(target) {
            ExprKind::Name(name) => return Some(*name),
            ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => target = *base,
            _ => return None,
        }
    }
    None
}

/// What a condition is with these constants, where they decide it.
fn decide(module: &Module, test: ExprId, known: &[(Sym, Constant)], depth: u32) -> Option<bool> {
    if depth > 20 {
        return None;
    }
    match module.kind(test) {
        ExprKind::Unary { op, operand } if matches!(module.str(*op), "not" | "!") => {
            decide(module, *operand, known, depth + 1).map(|value| !value)
        }
        ExprKind::Binary { op, left, right } => {
            let op = module.str(*op);
            let both = || (decide(module, *left, known, depth + 1), decide(module, *right, known, depth + 1));
            match op {
                "and" => match both() {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                },
                "or" => match both() {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                },
                "is" | "==" | "===" | "is not" | "!=" | "!==" if matches!(module.kind(*right), ExprKind::Null) => {
                    let value = constant(module, *left, known, 0)?;
                    Some(value.is_null == matches!(op, "is" | "==" | "==="))
                }
                _ => None,
            }
        }
        _ => constant(module, test, known, 0).map(|value| value.truth),
    }
}

/// Whether the constants keep an expression of a function from being reached.
fn is_closed(module: &Module, function: FunctionId, expr: ExprId, known: &[(Sym, Constant)]) -> bool {
    if known.is_empty() {
        return false;
    }
    let mut below: Option<StmtId> = None;
    let mut child = expr;
    let mut at = module.expr(expr).parent;
    for _ in 0..400 {
        match at {
            Parent::Expr(id) => {
                if is_cut(module, id, child, known) {
                    return true;
                }
                child = id;
                at = module.expr(id).parent;
            }
            Parent::Stmt(id) => {
                if let Some(below) = below
                    && (is_left_out(module, id, below, known) || is_left_before(module, &module.stmt_blocks(id), below, known))
                {
                    return true;
                }
                below = Some(id);
                at = module.stmt(id).parent;
            }
            Parent::Function(id) => {
                let definition = module.function(id);
                if let Some(below) = below
                    && is_left_before(module, &[&definition.body], below, known)
                {
                    return true;
                }
                if id == function {
                    return false;
                }
                below = None;
                match definition.definition {
                    Parent::Expr(lambda) => {
                        child = lambda;
                        at = module.expr(lambda).parent;
                    }
                    _ => return false,
                }
            }
            Parent::Class(_) | Parent::None => return false,
        }
    }
    false
}

/// `flag and load()`, `load() if flag else None`.
fn is_cut(module: &Module, at: ExprId, child: ExprId, known: &[(Sym, Constant)]) -> bool {
    match module.kind(at) {
        ExprKind::Cond { test, then, orelse } => match decide(module, *test, known, 0) {
            Some(true) => *orelse == child,
            Some(false) => *then == child,
            None => false,
        },
        ExprKind::Binary { op, left, right } if *right == child => {
            let left = decide(module, *left, known, 0);
            match module.str(*op) {
                "and" => left == Some(false),
                "or" => left == Some(true),
                _ => false,
            }
        }
        _ => false,
    }
}

fn is_left_out(module: &Module, at: StmtId, below: StmtId, known: &[(Sym, Constant)]) -> bool {
    let StmtKind::If { test, then, orelse } = &module.stmt(at).kind else {
        return false;
    };
    match decide(module, *test, known, 0) {
        Some(true) => orelse.contains(&below),
        Some(false) => then.contains(&below),
        None => false,
    }
}

/// `if not flag: return` stands before it.
fn is_left_before(module: &Module, blocks: &[&[StmtId]], below: StmtId, known: &[(Sym, Constant)]) -> bool {
    let Some(block) = blocks.iter().find(|block| block.contains(&below)) else {
        return false;
    };
    let ends = |block: &[StmtId]| {
        block
            .last()
            .is_some_and(|&last| matches!(module.stmt(last).kind, StmtKind::Return(_) | StmtKind::Raise(_)))
    };
    block
        .iter()
        .take_while(|&&stmt| stmt != below)
        .any(|&stmt| match &module.stmt(stmt).kind {
            StmtKind::If { test, then, orelse } => match decide(module, *test, known, 0) {
                Some(true) => ends(then),
                Some(false) => ends(orelse),
                None => false,
            },
            _ => false,
        })
}
