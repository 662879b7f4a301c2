//! What is known of parameters by the constants that calls pass, and what those constants close.

mod closed;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::budget::{CountedVec, Limit};
use crate::ir::{
    Arg, Call, ExprId, ExprKind, Function, FunctionId, Language, Module, ObjectEntry, Param, ParamKind, Parent, Setting, StmtKind, Sym,
};
use crate::libraries::shared::value::FileId;
use crate::project::eval::Code;
use crate::project::graph::{Edge, EdgeKind, FnId, FunctionNode};
use crate::vocabulary::List;
use closed::is_closed;

/// Parts of a test in each other that a constant may decide.
const MAX_TEST_DEPTH: u32 = 20;

/// How deep objects and member paths are followed.
const MAX_NESTING: u32 = 6;

/// What is known of a parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    truth: bool,
    /// Not known where only a condition was decided.
    is_null: Option<bool>,
    /// A collection without elements: a loop over it does nothing.
    is_empty: bool,
    /// The text or number itself.
    literal: Option<Literal>,
    /// For an object literal all its fields, with the values that are known. Any other field is undefined.
    fields: Option<Vec<(String, Option<Constant>)>>,
}

impl Constant {
    const NULL: Constant = Constant {
        truth: false,
        is_null: Some(true),
        is_empty: false,
        literal: None,
        fields: None,
    };

    fn of_truth(truth: bool) -> Constant {
        Constant {
            truth,
            is_null: Some(false),
            ..Constant::NULL
        }
    }

    fn of_literal(literal: Literal) -> Constant {
        let truth = match &literal {
            Literal::Text(text) => !text.is_empty(),
            Literal::Number(number) => *number != 0.0,
        };
        Constant {
            literal: Some(literal),
            ..Constant::of_truth(truth)
        }
    }

    /// A list or dict with no elements, which is true in JavaScript.
    fn empty(language: Language) -> Constant {
        Constant {
            is_empty: true,
            ..Constant::of_truth(language != Language::Python)
        }
    }

    /// What `**options` of a Python function holds: nothing but these.
    fn of_keywords(fields: Vec<(String, Option<Constant>)>) -> Constant {
        Constant {
            is_empty: fields.is_empty(),
            ..Constant::of_truth(!fields.is_empty())
        }
        .holding(fields)
    }

    fn holding(self, fields: Vec<(String, Option<Constant>)>) -> Constant {
        Constant {
            fields: Some(fields),
            ..self
        }
    }

    /// `options?.limit`, which is undefined when `options` is, or has no such field.
    fn field(&self, name: &str) -> Option<Constant> {
        if self.is_null == Some(true) {
            return Some(Constant::NULL);
        }
        match self.fields.as_ref()?.iter().find(|(key, _)| key == name) {
            Some((_, value)) => value.clone(),
            None => Some(Constant::NULL),
        }
    }
}

/// A value that can be compared.
#[derive(Clone, Debug, PartialEq)]
enum Literal {
    Text(String),
    Number(f64),
}

/// What is known of a function's names in one call of it.
pub type KnownNames = Vec<(Sym, Constant)>;

/// Reads the constants that calls pass, from one set of functions.
pub struct Constants<'p> {
    code: &'p Code,
    functions: &'p CountedVec<FunctionNode>,
    /// What functions set.
    set: RefCell<FxHashMap<FnId, Rc<Inside<'p>>>>,
    /// What was last settled of each function's names, by what it was given.
    kept: RefCell<FxHashMap<FnId, Vec<(KnownNames, KnownNames)>>>,
    /// Where what was asked about last ends blocks, the oldest first: one place is asked about for each of the ways to it.
    ends: RefCell<VecDeque<(FileId, KnownNames, Ends)>>,
}

/// What is kept of one function: those who call it with yet other constants are asked anew.
const MAX_KEPT: usize = 4;

/// The places in a function that give names values.
struct Inside<'p> {
    settings: &'p [Setting],
    /// Places in that list, by name.
    by_name: FxHashMap<Sym, Vec<usize>>,
}

impl<'p> Inside<'p> {
    fn of(settings: &'p [Setting]) -> Inside<'p> {
        let mut by_name: FxHashMap<Sym, Vec<usize>> = FxHashMap::default();
        if settings.len() <= Limit::Assignments.count() {
            for (index, setting) in settings.iter().enumerate() {
                by_name.entry(setting.name).or_default().push(index);
            }
        }
        Inside { settings, by_name }
    }

    fn of_name(&self, name: Sym) -> impl Iterator<Item = &'p Setting> {
        let places = self.by_name.get(&name).into_iter().flatten();
        places.filter_map(|&place| self.settings.get(place))
    }
}

/// For blocks, by what holds them and which of its blocks each is: the place of the first statement behind which nothing runs.
type Ends = FxHashMap<(Parent, usize), Option<usize>>;

/// Where what is known on the ways to functions ends blocks, kept for all that is asked of them.
#[derive(Debug, Default)]
pub struct KnownEnds(Mutex<FxHashMap<(FnId, u32), Ends>>);

impl KnownEnds {
    /// Whether what is known on a way to a function keeps an expression of it from being reached.
    pub fn closes(&self, module: &Module, function: (FnId, FunctionId), expr: ExprId, (way, known): (u32, &[(Sym, Constant)])) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = kept.entry((function.0, way)).or_default();
        is_closed(module, function.1, expr, known, ends)
    }
}

impl<'p> Constants<'p> {
    /// Reads the calls of these functions.
    pub fn new(code: &'p Code, functions: &'p CountedVec<FunctionNode>) -> Self {
        Constants {
            code,
            functions,
            set: RefCell::default(),
            kept: RefCell::default(),
            ends: RefCell::default(),
        }
    }

    /// Whether what is known in a function keeps an expression of it from being reached.
    pub fn closes(&self, at: FnId, expr: ExprId, known: &[(Sym, Constant)]) -> bool {
        if known.is_empty() {
            return false;
        }
        let node = &self.functions[at.index()];
        let module = self.code.module(node.file);
        let mut asked = self.ends.borrow_mut();
        if let Some((.., ends)) = asked.iter_mut().find(|(file, before, _)| *file == node.file && before == known) {
            return is_closed(module, node.id, expr, known, ends);
        }
        let mut ends = Ends::default();
        let is_closed = is_closed(module, node.id, expr, known, &mut ends);
        if asked.len() >= MAX_KEPT {
            asked.pop_front();
        }
        asked.push_back((node.file, known.to_vec(), ends));
        is_closed
    }

    /// What is known in a target when an edge runs it, by what is known in the function that holds the edge.
    pub fn entering(&self, from: FnId, edge: &Edge, target: FnId, known: &[(Sym, Constant)]) -> KnownNames {
        let node = &self.functions[from.index()];
        let module = self.code.module(node.file);
        // Applying a decorator is no call of what it wraps.
        let is_call = edge.kind == EdgeKind::Call && !module.function(node.id).decorators.contains(&edge.expr);
        let mut out = match module.call(edge.expr) {
            Some(call) if is_call => self.passed(module, &call, target, known),
            _ => Vec::new(),
        };
        out = self.settled(target, out);
        out.extend(self.enclosed(from, target, known));
        out
    }

    /// A function inside another one sees its names.
    fn enclosed(&self, from: FnId, target: FnId, known: &[(Sym, Constant)]) -> KnownNames {
        let (outer, inner) = (&self.functions[from.index()], &self.functions[target.index()]);
        let module = self.code.module(inner.file);
        if known.is_empty() || outer.file != inner.file || !module.is_inside(inner.id, outer.id) {
            return Vec::new();
        }
        let definition = module.function(inner.id);
        let is_own = |name: Sym| {
            definition
                .params
                .iter()
                .any(|param| param.name == Some(name) || param.pattern.is_some())
        };
        known.iter().filter(|(name, _)| !is_own(*name)).cloned().collect()
    }

    /// The constants that a call gives to the parameters of its target, by argument or by default.
    fn passed(&self, module: &Module, call: &Call<'_>, target: FnId, known: &[(Sym, Constant)]) -> KnownNames {
        let node = &self.functions[target.index()];
        let callee = self.code.module(node.file);
        let definition = callee.function(node.id);
        if !self.code.takes_few(node.file, definition) {
            return Vec::new();
        }
        let is_empty = |inner: ExprId| constant(module, inner, known, 0).is_some_and(|value| value.is_empty);
        let is_spread = |arg: &Arg| matches!(module.kind(arg.value), ExprKind::Spread(inner) if !is_empty(*inner));
        if call.args.iter().any(is_spread) {
            return Vec::new();
        }
        // What is left of the spreads is empty.
        let positional = |index: usize| call.arg(index).filter(|&arg| !matches!(module.kind(arg), ExprKind::Spread(_)));
        let skipped = usize::from(callee.takes_receiver(node.id));
        let mut out = Vec::new();
        for (index, param) in definition.params.iter().enumerate().skip(skipped) {
            if let Some(pattern) = param.pattern.filter(|_| param.kind == ParamKind::Plain) {
                let given = match positional(index - skipped) {
                    Some(arg) => constant(module, arg, known, 0),
                    None => omitted(callee, definition, param),
                };
                out.extend(given.iter().flat_map(|given| unpacked(callee, pattern, given)));
                continue;
            }
            let Some(name) = param.name else { continue };
            if param.kind == ParamKind::Keywords {
                let is_taken = |key: Sym| {
                    definition
                        .params
                        .iter()
                        .any(|param| param.name.is_some_and(|name| callee.str(name) == module.str(key)))
                };
                let rest = call.args.iter().filter_map(|arg| Some((arg.name?, arg.value)));
                let rest = rest.filter(|(key, _)| !is_taken(*key));
                let fields: Vec<(String, Option<Constant>)> = rest
                    .map(|(key, value)| (module.str(key).to_owned(), constant(module, value, known, 0)))
                    .collect();
                out.push((name, Constant::of_keywords(fields)));
            }
            if !matches!(param.kind, ParamKind::Plain | ParamKind::KeywordOnly) {
                continue;
            }
            let arg = call.keyword(callee.str(name)).or_else(|| match param.kind {
                ParamKind::Plain => positional(index - skipped),
                _ => None,
            });
            let value = match arg {
                Some(arg) => constant(module, arg, known, 0).or_else(|| {
                    let may_be_left_out = may_be_left_out(callee, param);
                    may_be_left_out.then(|| given(module, call.id, (arg, callee.str(name)))).flatten()
                }),
                None => omitted(callee, definition, param),
            };
            out.extend(value.map(|value| (name, value)));
        }
        out
    }

    /// Keeps of what is passed to a function the names that nothing in it sets, or only where what is known never comes,
    /// and adds the names that are set once, to what the others decide.
    fn settled(&self, target: FnId, given: KnownNames) -> KnownNames {
        if given.is_empty() {
            return given;
        }
        if let Some((_, known)) = self
            .kept
            .borrow()
            .get(&target)
            .into_iter()
            .flatten()
            .find(|(before, _)| *before == given)
        {
            return known.clone();
        }
        let known = self.settle(target, given.clone());
        let mut kept = self.kept.borrow_mut();
        let of_target = kept.entry(target).or_default();
        if of_target.len() < MAX_KEPT {
            of_target.push((given, known.clone()));
        }
        known
    }

    fn settle(&self, target: FnId, given: KnownNames) -> KnownNames {
        let node = &self.functions[target.index()];
        let module = self.code.module(node.file);
        let inside = self.inside(target);
        if inside.settings.is_empty() {
            return given;
        }
        if inside.settings.len() > Limit::Assignments.count() {
            self.code.tell(Limit::Assignments, node.file, module.function(node.id).span.start);
            return KnownNames::new();
        }
        let is_set = |name: Sym| inside.by_name.contains_key(&name);
        let (mut known, mut open): (KnownNames, KnownNames) = given.into_iter().partition(|(name, _)| !is_set(*name));
        for _ in 0..MAX_NESTING {
            // What is set only where its own value does not lead is never set.
            let is_kept = |entry: &(Sym, Constant)| {
                let mut ends = Ends::default();
                let with: KnownNames = known.iter().chain([entry]).cloned().collect();
                let mut settings = inside.of_name(entry.0);
                settings.all(|setting| is_closed(module, node.id, setting.expr, &with, &mut ends))
            };
            let (kept, rest): (KnownNames, KnownNames) = open.into_iter().partition(is_kept);
            open = rest;
            if kept.is_empty() {
                break;
            }
            known.extend(kept);
        }
        if known.is_empty() {
            return known;
        }
        for setting in inside.settings {
            let is_once = inside.of_name(setting.name).nth(1).is_none();
            let value = setting.value.filter(|_| is_once && module.owner(setting.expr) == node.id);
            let is_param = open.iter().chain(&known).any(|(name, _)| *name == setting.name);
            if let Some(truth) = value.filter(|_| !is_param).and_then(|value| decide(module, value, &known, 0)) {
                let decided = Constant {
                    is_null: None,
                    ..Constant::of_truth(truth)
                };
                known.push((setting.name, decided));
            }
        }
        known
    }

    fn inside(&self, function: FnId) -> Rc<Inside<'p>> {
        let node = &self.functions[function.index()];
        let module = self.code.module(node.file);
        let mut set = self.set.borrow_mut();
        let inside = set
            .entry(function)
            .or_insert_with(|| Rc::new(Inside::of(module.settings(module.function(node.id).span))));
        Rc::clone(inside)
    }
}

/// What `{ id, withVotes }` binds of the argument that is given.
fn unpacked(module: &Module, pattern: ExprId, given: &Constant) -> KnownNames {
    let ExprKind::Object(entries) = module.kind(pattern) else {
        return Vec::new();
    };
    let bound = |entry: &ObjectEntry| match *module.kind(entry.value) {
        ExprKind::Name(name) => Some((name, given.field(module.string(entry.key?)?)?)),
        _ => None,
    };
    entries.iter().filter_map(bound).collect()
}

/// Whether a caller may leave a parameter out, so that a test of it asks whether it did: Python says so by `= None`.
fn may_be_left_out(module: &Module, param: &Param) -> bool {
    match param.default {
        Some(default) => matches!(module.kind(default), ExprKind::Null),
        None => module.language != Language::Python,
    }
}

/// What is surely there, whatever it is: the element that a loop around the call is at, its key or name, the field of it that the
/// parameter is called by (`load(only_boat=row.boat)`), a text that is put together.
fn given(module: &Module, call: ExprId, (arg, param): (ExprId, &str)) -> Option<Constant> {
    let is_asked =
        |name: &str| List::RowKeys.has(name) || param == name || param.strip_suffix(name).is_some_and(|rest| rest.ends_with('_'));
    let is_there = match module.kind(arg) {
        ExprKind::Template(_) => true,
        ExprKind::Name(_) => is_element(module, call, arg),
        ExprKind::Attr { base, name } => is_asked(module.str(*name)) && is_element(module, call, *base),
        ExprKind::Index { base, index } => module.string(*index).is_some_and(is_asked) && is_element(module, call, *base),
        _ => false,
    };
    is_there.then(|| Constant::of_truth(true))
}

/// Whether a name is what a loop around a call binds.
fn is_element(module: &Module, call: ExprId, expr: ExprId) -> bool {
    let ExprKind::Name(name) = module.kind(expr) else {
        return false;
    };
    let binds = |target: ExprId| matches!(module.kind(target), ExprKind::Name(bound) if bound == name);
    let mut at = module.expr(call).parent;
    for _ in 0..MAX_AROUND {
        at = match at {
            Parent::Expr(id) => {
                if let ExprKind::Comp(comp) = module.kind(id)
                    && comp.clauses.iter().any(|clause| binds(clause.target))
                {
                    return true;
                }
                module.expr(id).parent
            }
            Parent::Stmt(id) => {
                if let StmtKind::Loop { target: Some(target), .. } = module.stmt(id).kind
                    && binds(target)
                {
                    return true;
                }
                module.stmt(id).parent
            }
            _ => return false,
        };
    }
    false
}

/// How many expressions and statements around a call are looked at for its loop.
const MAX_AROUND: usize = 40;

fn omitted(module: &Module, definition: &Function, param: &Param) -> Option<Constant> {
    match param.default {
        // A decorator can put a session or a client where none is given.
        Some(default) if !definition.decorators.is_empty() && matches!(module.kind(default), ExprKind::Null) => None,
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
        ExprKind::Str(text) => Some(Constant::of_literal(Literal::Text(module.str(*text).to_owned()))),
        ExprKind::Num(value) => Some(Constant::of_literal(Literal::Number(*value))),
        ExprKind::List(items) | ExprKind::Tuple(items) if items.is_empty() => Some(Constant::empty(module.language)),
        ExprKind::Object(entries) if entries.is_empty() && module.language == Language::Python => Some(Constant::empty(module.language)),
        ExprKind::Name(name) if module.str(*name) == "undefined" => Some(Constant::NULL),
        ExprKind::Name(name) => known.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()),
        ExprKind::Attr { base, name } if module.language == Language::TypeScript => {
            constant(module, *base, known, depth + 1)?.field(module.str(*name))
        }
        ExprKind::Call { .. } if module.language == Language::Python => taken(module, expr, known, depth),
        ExprKind::Object(entries) if module.language == Language::TypeScript => Some(Constant {
            fields: fields(module, entries, known, depth),
            ..Constant::of_truth(true)
        }),
        _ => None,
    }
}

/// `options.pop("commit", False)`, `options.get("commit")` of keywords that are known.
fn taken(module: &Module, expr: ExprId, known: &[(Sym, Constant)], depth: u32) -> Option<Constant> {
    let call = module.call(expr).filter(|call| matches!(call.method(), Some("pop" | "get")))?;
    let fields = constant(module, call.receiver()?, known, depth + 1)?.fields?;
    let key = module.string(call.arg(0)?)?;
    if let Some((_, value)) = fields.into_iter().find(|(field, _)| field == key) {
        return value;
    }
    match call.arg(1) {
        Some(default) => constant(module, default, known, depth + 1),
        None => Some(Constant::NULL),
    }
}

/// The fields of an object literal; nothing where a spread or a computed key may bring more.
fn fields(module: &Module, entries: &[ObjectEntry], known: &[(Sym, Constant)], depth: u32) -> Option<Vec<(String, Option<Constant>)>> {
    let field = |entry: &ObjectEntry| {
        let key = module.string(entry.key?)?.to_owned();
        Some((key, constant(module, entry.value, known, depth + 1)))
    };
    entries.iter().map(field).collect()
}

/// What a condition is with these constants, where they decide it.
pub fn decide(module: &Module, test: ExprId, known: &[(Sym, Constant)], depth: u32) -> Option<bool> {
    if depth > MAX_TEST_DEPTH {
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
                    Some(value.is_null? == matches!(op, "is" | "==" | "==="))
                }
                "==" | "===" | "!=" | "!==" => {
                    let (left, right) = (constant(module, *left, known, 0)?, constant(module, *right, known, 0)?);
                    let is_same = match (left.literal, right.literal) {
                        (Some(Literal::Text(left)), Some(Literal::Text(right))) => left == right,
                        (Some(Literal::Number(left)), Some(Literal::Number(right))) => (left - right).abs() < f64::EPSILON,
                        _ => return None,
                    };
                    Some(is_same == matches!(op, "==" | "==="))
                }
                "in" => has_key(module, *right, *left, known),
                "not in" => has_key(module, *right, *left, known).map(|has| !has),
                _ => None,
            }
        }
        ExprKind::Call { .. } => match asked_key(module, test) {
            Some((holder, key)) => has_key(module, holder, key, known),
            None => constant(module, test, known, 0).map(|value| value.truth),
        },
        _ => constant(module, test, known, 0).map(|value| value.truth),
    }
}

/// The object and the key of `options.hasOwnProperty("limit")` and `Object.hasOwn(options, "limit")`.
fn asked_key(module: &Module, test: ExprId) -> Option<(ExprId, ExprId)> {
    let call = module.call(test).filter(|_| module.language == Language::TypeScript)?;
    match call.method()? {
        "hasOwnProperty" => Some((call.receiver()?, call.arg(0)?)),
        "hasOwn" => Some((call.arg(0)?, call.arg(1)?)),
        _ => None,
    }
}

/// Whether an object of which all fields are known has one.
fn has_key(module: &Module, holder: ExprId, key: ExprId, known: &[(Sym, Constant)]) -> Option<bool> {
    let fields = constant(module, holder, known, 0)?.fields?;
    let key = module.string(key)?;
    Some(fields.iter().any(|(field, _)| field == key))
}
