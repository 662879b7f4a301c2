//! `CommonJS` and dynamic imports: what `require("./x")` and `import("./x")` give, what stands in an exported object, and loaders that
//! require every file of a folder.

use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Evaluator, Found, MAX_HOPS};
use crate::budget::Limit;
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Language, Module, Parent, StmtKind, Sym, TemplatePart};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::scope::{Binding, Bound, Member};
use crate::source::Span;

/// The members that are added to an object after it was made.
#[derive(Default)]
pub(super) struct AddedMembers {
    /// `store.find = …`.
    members: FxHashMap<Sym, ExprId>,
    /// `Object.assign(store, more)`.
    merged: Vec<ExprId>,
    /// `store[name] = …`.
    is_dynamic: bool,
}

/// What a path is put together of.
#[derive(Default)]
struct PathParts {
    texts: Vec<String>,
    /// Something of it is another one each time.
    has_names: bool,
    seen: FxHashSet<ExprId>,
}

/// What the files of a folder are loaded as, by name: their values, or what their factory functions return.
pub(super) type LoadedFiles = FxHashMap<String, (FileId, ExprId)>;

impl Evaluator<'_> {
    /// What `require("m")` or `import("m")` gives.
    pub(super) fn required(&self, file: FileId, call: &Call<'_>) -> Option<Found> {
        let path = required_path(call)?;
        Some(match self.code.imports.typescript(file, path) {
            Some(target) => self.whole(target),
            None => Found::External(self.external_ts(path, None)),
        })
    }

    /// The expression that a required file exports as a whole; for `require("./x")(…)` what the exported function returns.
    pub(super) fn required_whole(&self, file: FileId, expr: ExprId) -> Option<(FileId, ExprId)> {
        let module = self.m(file);
        let call = module.call(expr)?;
        if let Some(path) = required_path(&call) {
            let target = self.code.imports.typescript(file, path)?;
            return Some((target, self.whole_expr(target)?));
        }
        let inner = module.call(call.callee)?;
        required_path(&inner)?;
        match self.found_value(&self.required(file, &inner)?) {
            Value::Function(at, function) => self.only_returned(at, function),
            _ => None,
        }
    }

    /// What the whole of a module is: what `module.exports` is set to, else the names that it exports.
    pub(super) fn whole(&self, file: FileId) -> Found {
        let Some(value) = self.whole_expr(file) else {
            return Found::Module(file);
        };
        // Of an object the members are asked for, by name.
        match self.value(file, value) {
            Value::Unknown | Value::Literal(..) => Found::Module(file),
            _ => self.found_expr(file, value),
        }
    }

    /// The last value of `module.exports`.
    fn whole_expr(&self, file: FileId) -> Option<ExprId> {
        let module = self.m(file);
        if module.language != Language::TypeScript {
            return None;
        }
        let last = module.exports_of("=").last()?;
        module.exports[last].value
    }

    pub(super) fn found_expr(&self, file: FileId, value: ExprId) -> Found {
        let binding = Binding {
            range: self.m(file).expr(value).span,
            bound: Bound::Value(value, Box::new([])),
            annotation: None,
        };
        Found::Binding(file, FunctionId::MODULE, binding)
    }

    /// A member of what a module exports as a whole.
    pub(super) fn member_of_whole(&self, file: FileId, name: &str) -> Option<Found> {
        let value = self.whole_expr(file)?;
        match self.value(file, value) {
            Value::Literal(at, object) => self.member_of_object(at, object, name),
            Value::Module(at) if at != file => self.exported(at, name, 0),
            Value::Instance(at, class) | Value::Class(at, class) => {
                let (owner, member) = self.member(at, class, name)?;
                match member {
                    Member::Method(function) => {
                        let binding = Binding {
                            range: Span::default(),
                            bound: Bound::Function(function),
                            annotation: None,
                        };
                        Some(Found::Binding(owner, FunctionId::MODULE, binding))
                    }
                    Member::Value(value, _) => Some(self.found_expr(owner, value)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `module.exports = create; module.exports.sync = …`: a member of a function or class that is exported as a whole.
    pub(super) fn beside(&self, file: FileId, base: &Value, name: &str) -> Value {
        let Some(value) = self.whole_expr(file) else {
            return Value::Unknown;
        };
        if self.m(file).exports_of(name).next().is_none() || self.value(file, value) != *base {
            return Value::Unknown;
        }
        self.exported(file, name, 0)
            .map_or(Value::Unknown, |found| self.found_value(&found))
    }

    /// The expression behind a member of a module or of an object.
    pub(super) fn defined_in(&self, held: &Value, name: &str) -> Option<(FileId, ExprId)> {
        let found = match held {
            Value::Module(at) => self.exported(*at, name, 0)?,
            Value::Literal(at, object) => self.member_of_object(*at, *object, name)?,
            _ => return None,
        };
        whole_value(found)
    }

    /// A member of an object: an entry, one of an object that is spread into it, or one that is set afterwards.
    pub(super) fn member_of_object(&self, file: FileId, object: ExprId, name: &str) -> Option<Found> {
        self.bounded(file, None, || self.find_member(file, object, name))
    }

    fn find_member(&self, file: FileId, object: ExprId, name: &str) -> Option<Found> {
        let module = self.m(file);
        if let Some(entry) = module.entry(object, name) {
            return Some(self.found_expr(file, entry));
        }
        let ExprKind::Object(entries) = module.kind(object) else {
            return None;
        };
        if module.language != Language::TypeScript {
            return None;
        }
        let assigned = self.assigned(file, object);
        if let Some(&value) = module.sym(name).and_then(|name| assigned.members.get(&name)) {
            return Some(self.found_expr(file, value));
        }
        let spread = entries.iter().rev().filter(|entry| entry.key.is_none()).map(|entry| entry.value);
        let merged = assigned.merged.iter().rev().copied();
        let found = merged.chain(spread).find_map(|spread| match self.value(file, spread) {
            Value::Literal(at, inner) if (at, inner) != (file, object) => self.member_of_object(at, inner, name),
            Value::Module(at) if at != file => self.exported(at, name, 0),
            _ => None,
        });
        if found.is_some() || !assigned.is_dynamic {
            return found;
        }
        let &(at, value) = self.folder(file).get(name)?;
        Some(self.found_expr(at, value))
    }

    /// What is added to an object that a name or `module.exports` holds, in the function that made it.
    fn assigned(&self, file: FileId, object: ExprId) -> Rc<AddedMembers> {
        if let Some(known) = self.assigned.borrow().get(&(file, object)) {
            return Rc::clone(known);
        }
        let found = Rc::new(self.find_assigned(file, object));
        self.assigned.borrow_mut().insert((file, object), Rc::clone(&found));
        found
    }

    fn find_assigned(&self, file: FileId, object: ExprId) -> AddedMembers {
        let module = self.m(file);
        let mut found = AddedMembers::default();
        let Some(holder) = holder(module, object) else { return found };
        let owner = module.owner(object);
        let stmts = module.statements_on(holder, module.function(owner).span, usize::MAX);
        if !self.afford(file, stmts.len()) {
            return found;
        }
        for stmt in stmts {
            let is_own = module.owner_of(module.stmt(stmt).parent) == owner;
            match &module.stmt(stmt).kind {
                StmtKind::Assign {
                    target,
                    value: Some(value),
                    ..
                } => match module.kind(*target) {
                    ExprKind::Attr { base, name } if is_own && is_name(module, *base, holder) => {
                        found.members.insert(*name, *value);
                    }
                    ExprKind::Index { base, index } if is_name(module, *base, holder) => match module.kind(*index) {
                        ExprKind::Str(name) => {
                            found.members.insert(*name, *value);
                        }
                        _ => found.is_dynamic = true,
                    },
                    _ => {}
                },
                StmtKind::Expr(expr) if is_own => {
                    let Some(call) = module
                        .call(*expr)
                        .filter(|call| module.dotted(call.callee).as_deref() == Some("Object.assign"))
                    else {
                        continue;
                    };
                    if call.arg(0).is_some_and(|first| is_name(module, first, holder)) {
                        found.merged.extend(call.args.iter().skip(1).map(|arg| arg.value));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// The files that a loader requires by computed names (`require(path.join(__dirname, file))`), by what they are called.
    fn folder(&self, file: FileId) -> Rc<LoadedFiles> {
        if let Some(known) = self.folders.borrow().get(&file) {
            return Rc::clone(known);
        }
        // While it is looked for, what a file of the folder takes from it is not known.
        if !self.busy_folders.borrow_mut().insert(file) {
            self.cut.set(true);
            return Rc::default();
        }
        let found = Rc::new(self.find_folder(file));
        self.busy_folders.borrow_mut().remove(&file);
        self.folders.borrow_mut().insert(file, Rc::clone(&found));
        found
    }

    fn find_folder(&self, file: FileId) -> LoadedFiles {
        let mut found = LoadedFiles::default();
        let module = self.m(file);
        let Some(place) = module.calls().find_map(|call| self.loaded_folder(file, &call)) else {
            return found;
        };
        let Some(folder) = self.code.files.get(file.index()).map(|facts| join(&facts.path, &place)) else {
            return found;
        };
        let from = self.code.files.partition_point(|facts| facts.path.as_str() < folder.as_str());
        let inside = self.code.files.iter().enumerate().skip(from);
        for (index, facts) in inside.take_while(|(_, facts)| facts.path.starts_with(&folder)) {
            let at = FileId(index as u32);
            if facts.module.is_none() || at == file {
                continue;
            }
            if !self.afford(file, 1) {
                break;
            }
            let Some(whole) = self.loaded(at) else { continue };
            if let Some(name) = self.model_name(whole, 0) {
                found.insert(name, whole);
            }
            let stem = facts.path[folder.len()..].split('.').next().unwrap_or_default();
            found.entry(stem.to_owned()).or_insert(whole);
        }
        found
    }

    /// What a loader keeps of a file: what it exports as a whole or by default, and of a factory what that returns.
    fn loaded(&self, file: FileId) -> Option<(FileId, ExprId)> {
        let default = || whole_value(self.exported(file, "default", 0)?);
        let whole = self.whole_expr(file).map(|value| (file, value)).or_else(default)?;
        match self.value(whole.0, whole.1) {
            Value::Function(at, function) => Some(self.only_returned(at, function).unwrap_or(whole)),
            _ => Some(whole),
        }
    }

    fn only_returned(&self, file: FileId, function: FunctionId) -> Option<(FileId, ExprId)> {
        let returned = self.returned(file, function);
        returned.last().map(|&value| (file, value))
    }

    /// The name that a model is made with: `model("Buoy", schema)`, `class Buoy`.
    fn model_name(&self, (file, value): (FileId, ExprId), depth: u32) -> Option<String> {
        if depth > MAX_HOPS {
            return None;
        }
        if let Value::Class(at, class) = self.value(file, value) {
            let module = self.m(at);
            return module.class(class).name.map(|name| module.str(name).to_owned());
        }
        let (at, made) = self.definition(file, value)?;
        let module = self.m(at);
        let name = module.call(made)?.arg(0)?;
        module.string(name).map(ToOwned::to_owned)
    }

    /// The folder, from the loader's own, whose files a call requires by names that it computes.
    fn loaded_folder(&self, file: FileId, call: &Call<'_>) -> Option<String> {
        let is_loader = match call.receiver() {
            None => matches!(call.module.name(call.callee), Some("require" | "import")),
            Some(_) => call.method() == Some("import"),
        };
        let path = call.arg(0).filter(|_| is_loader && required_path(call).is_none())?;
        let mut parts = PathParts::default();
        self.literal_parts(file, path, &mut parts);
        parts.has_names.then(|| parts.texts.join("/"))
    }

    /// The literal parts of a path that is put together.
    fn literal_parts(&self, file: FileId, expr: ExprId, out: &mut PathParts) {
        if out.seen.len() > MAX_HOPS as usize || !out.seen.insert(expr) {
            return;
        }
        let module = self.m(file);
        match module.kind(expr) {
            ExprKind::Str(text) => out.texts.push(module.str(*text).to_owned()),
            ExprKind::Template(parts) => {
                for part in parts {
                    match part {
                        TemplatePart::Text(text) => out.texts.push(module.str(*text).to_owned()),
                        TemplatePart::Hole(hole) => self.literal_parts(file, *hole, out),
                    }
                }
            }
            ExprKind::Name(name) => match self.lookup(file, module.owner(expr), *name, module.expr(expr).span.start) {
                Some(Found::Binding(at, _, binding)) if at == file => match binding.bound {
                    Bound::Value(value, path) if path.is_empty() => self.literal_parts(file, value, out),
                    // A callback's parameter, an element of a list.
                    _ => out.has_names = true,
                },
                _ => {}
            },
            ExprKind::Call { args, .. } => args.iter().for_each(|arg| self.literal_parts(file, arg.value, out)),
            ExprKind::Binary { left, right, .. } => {
                self.literal_parts(file, *left, out);
                self.literal_parts(file, *right, out);
            }
            _ => {}
        }
    }

    /// `axios.get` of `import axios from "axios"`: a default export that has the functions of its module.
    pub(super) fn of_default(&self, path: &str, name: &str) -> Option<String> {
        let data = self.code.data.of(Language::TypeScript);
        let (module, _) = path.rsplit_once('.')?;
        let dotted = format!("{module}.{name}");
        (data.default_export(module) == Some(path) && data.call(&dotted).is_some()).then_some(dotted)
    }

    /// What calling the whole of a library's module calls.
    pub(super) fn callable(&self, name: &Arc<str>) -> Arc<str> {
        let data = self.code.data.of(Language::TypeScript);
        if data.default_export(name).is_none() {
            return Arc::clone(name);
        }
        Arc::from(self.external_ts(name, Some("default")))
    }
}

/// The path in `require("m")` and `import("m")`.
fn required_path<'m>(call: &Call<'m>) -> Option<&'m str> {
    let module = call.module;
    let is_loader = module.language == Language::TypeScript && matches!(module.name(call.callee), Some("require" | "import"));
    call.arg(0).filter(|_| is_loader).and_then(|path| module.string(path))
}

fn is_name(module: &Module, expr: ExprId, name: Sym) -> bool {
    matches!(module.kind(expr), ExprKind::Name(other) if *other == name)
}

/// The name that an object is bound to where it is made: `const store = {}`, `const store = (module.exports = {})`.
fn holder(module: &Module, object: ExprId) -> Option<Sym> {
    let mut at = object;
    for _ in 0..Limit::Holders.count().min(4) {
        match module.expr(at).parent {
            Parent::Stmt(stmt) => {
                let StmtKind::Assign { target, .. } = &module.stmt(stmt).kind else {
                    return None;
                };
                return match module.kind(*target) {
                    ExprKind::Name(name) => Some(*name),
                    _ => None,
                };
            }
            Parent::Expr(outer) if matches!(module.kind(outer), ExprKind::Assign { value, .. } if *value == at) => at = outer,
            _ => return None,
        }
    }
    None
}

/// The folder of a file, or one below it, with a slash at its end.
fn join(file: &str, place: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in place.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            // `./${name}.js`: what names the file is no folder.
            part if part.starts_with('.') => {}
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        return String::new();
    }
    format!("{}/", parts.join("/"))
}

/// The expression whose value a name holds as a whole.
fn whole_value(found: Found) -> Option<(FileId, ExprId)> {
    match found {
        Found::Binding(
            at,
            _,
            Binding {
                bound: Bound::Value(value, path),
                ..
            },
        ) if path.is_empty() => Some((at, value)),
        _ => None,
    }
}
