//! What holds a request or a call: the component or the function around it, and the interval at which it is repeated there.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent, Sym};
use crate::libraries::shared::polling::is_interval_option;
use crate::libraries::shared::value::FileId;
use crate::project::deployment::pools::number;
use crate::project::eval::{Code, Evaluator};
use crate::vocabulary::List;

/// Expressions and functions that are climbed.
const MAX_STEPS: usize = 400;
/// How far a number of milliseconds is followed.
const MAX_NAMES: u32 = 6;

/// The component or function that a request or a call stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestOwner {
    /// A component, by its name.
    Component(String),
    /// An endpoint of RTK Query: the hook that is made of its name.
    Endpoint(String),
    /// A function that others call.
    Function(FunctionId),
    /// The file itself.
    File,
}

/// What a request or a call stands in, and how often it is repeated there.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestContext {
    /// The component or function.
    pub of: RequestOwner,
    /// Every so many seconds.
    pub every: Option<f64>,
}

/// Looks around the expressions of one file, and remembers what many of them stand in.
pub struct Holders<'c> {
    eval: Evaluator<'c>,
    file: FileId,
    module: &'c Module,
    /// The interval that an object of options sets.
    options: RefCell<FxHashMap<ExprId, Option<f64>>>,
    /// The timers of a function by what they call.
    timers: RefCell<FxHashMap<FunctionId, Timers>>,
    /// The keys of an object by their values.
    keys: RefCell<FxHashMap<ExprId, Keys>>,
}

type Timers = Rc<FxHashMap<Sym, f64>>;
type Keys = Rc<FxHashMap<ExprId, ExprId>>;

impl<'c> Holders<'c> {
    /// What looks for the holders of clients in one file.
    pub fn new(code: &'c Code, file: FileId) -> Holders<'c> {
        Holders {
            eval: Evaluator::new(code),
            file,
            module: code.module(file),
            options: RefCell::default(),
            timers: RefCell::default(),
            keys: RefCell::default(),
        }
    }

    /// What holds an expression.
    pub fn of(&self, expr: ExprId) -> RequestContext {
        let module = self.module;
        if let Some(hook) = self.endpoint(expr) {
            return RequestContext {
                of: RequestOwner::Endpoint(hook),
                every: None,
            };
        }
        let mut every = self.interval(expr, expr);
        let mut helper = None;
        let mut at = expr;
        let mut function = None;
        for _ in 0..MAX_STEPS {
            if function.is_none() {
                if let Parent::Expr(outer) = module.expr(at).parent {
                    every = every.or_else(|| self.interval(outer, at));
                    at = outer;
                    continue;
                }
                function = Some(module.owner(at));
            }
            let Some(owner) = function.filter(|&owner| owner != FunctionId::MODULE) else {
                break;
            };
            if let Some(name) = self.component(owner) {
                return RequestContext {
                    of: RequestOwner::Component(name),
                    every,
                };
            }
            let definition = module.function(owner);
            if definition.name.is_some() {
                helper = Some(owner);
                every = every.or_else(|| self.timer(owner));
            }
            match definition.definition {
                Parent::Expr(lambda) => {
                    at = lambda;
                    function = None;
                }
                _ => function = definition.parent,
            }
        }
        let path = self.eval.code.files.get(self.file.index()).map_or("", |facts| facts.path.as_str());
        let is_component_file = path.ends_with(".vue") || path.ends_with(".svelte");
        let of = match helper {
            Some(helper) if !is_component_file => RequestOwner::Function(helper),
            _ => RequestOwner::File,
        };
        RequestContext { of, every }
    }

    /// A component's name: that of a function with a capital, or of a class that is called so.
    fn component(&self, function: FunctionId) -> Option<String> {
        let module = self.module;
        let definition = module.function(function);
        if let Some(class) = definition.class {
            let name = module.class(class).name.map(|name| module.str(name))?;
            return List::Components.has(name).then(|| name.to_owned());
        }
        let name = definition.name.map(|name| module.str(name))?;
        // `GET` is a route of Next.js.
        let is_component =
            name.starts_with(|first: char| first.is_ascii_uppercase()) && name.contains(|letter: char| letter.is_ascii_lowercase());
        is_component.then(|| name.to_owned())
    }

    /// `getOrders: builder.query({ … })`, which is called as `useGetOrdersQuery`.
    fn endpoint(&self, call: ExprId) -> Option<String> {
        let call = self.module.call(call)?;
        let ending = match call.method()? {
            "query" => "Query",
            "mutation" => "Mutation",
            _ => return None,
        };
        self.module.entry(call.arg(0)?, "query")?;
        let Parent::Expr(object) = self.module.expr(call.id).parent else {
            return None;
        };
        let key = *self.keys_of(object).get(&call.id)?;
        let name = self.module.string(key)?;
        let mut letters = name.chars();
        let first = letters.next()?.to_ascii_uppercase();
        Some(format!("use{first}{}{ending}", letters.as_str()))
    }

    /// The interval that what holds an expression repeats it at.
    fn interval(&self, outer: ExprId, inner: ExprId) -> Option<f64> {
        if matches!(self.module.kind(outer), ExprKind::Object(_)) {
            return self.option(outer);
        }
        let call = self.module.call(outer)?;
        let name = call.method()?;
        if is_timer(name) {
            return (call.arg(0) == Some(inner)).then(|| self.seconds(call)).flatten();
        }
        let is_hook = name.starts_with("use");
        call.args.iter().filter(|_| is_hook).find_map(|arg| self.option(arg.value))
    }

    /// The keys of an object by their values.
    fn keys_of(&self, object: ExprId) -> Keys {
        if let Some(known) = self.keys.borrow().get(&object) {
            return Rc::clone(known);
        }
        let entries = match self.module.kind(object) {
            ExprKind::Object(entries) => entries.as_ref(),
            _ => &[],
        };
        let keys = entries.iter().filter_map(|entry| Some((entry.value, entry.key?)));
        let found: Keys = Rc::new(keys.collect());
        self.keys.borrow_mut().insert(object, Rc::clone(&found));
        found
    }

    /// `{ refetchInterval: 5000 }`.
    fn option(&self, object: ExprId) -> Option<f64> {
        if let Some(known) = self.options.borrow().get(&object) {
            return *known;
        }
        let found = self.find_option(object);
        self.options.borrow_mut().insert(object, found);
        found
    }

    fn find_option(&self, object: ExprId) -> Option<f64> {
        let ExprKind::Object(entries) = self.module.kind(object) else {
            return None;
        };
        let option = entries
            .iter()
            .find(|entry| entry.key.and_then(|key| self.module.string(key)).is_some_and(is_interval_option))?;
        self.milliseconds(option.value).map(|milliseconds| milliseconds / 1000.0)
    }

    /// `setInterval(load, 5000)` of a function by its name, in the function around it.
    fn timer(&self, function: FunctionId) -> Option<f64> {
        let definition = self.module.function(function);
        let (name, around) = (definition.name?, definition.parent?);
        self.timers_of(around).get(&name).copied()
    }

    fn timers_of(&self, around: FunctionId) -> Timers {
        if let Some(known) = self.timers.borrow().get(&around) {
            return Rc::clone(known);
        }
        let mut found = FxHashMap::default();
        let calls = self.module.call_ids_in(around).filter_map(|id| self.module.call(id));
        for call in calls.filter(|call| call.method().is_some_and(is_timer)) {
            let Some(ExprKind::Name(called)) = call.arg(0).map(|callback| self.module.kind(callback)) else {
                continue;
            };
            if !found.contains_key(called)
                && let Some(seconds) = self.seconds(call)
            {
                found.insert(*called, seconds);
            }
        }
        let found: Timers = Rc::new(found);
        self.timers.borrow_mut().insert(around, Rc::clone(&found));
        found
    }

    fn seconds(&self, timer: Call<'_>) -> Option<f64> {
        self.milliseconds(timer.arg(1)?).map(|milliseconds| milliseconds / 1000.0)
    }

    fn milliseconds(&self, expr: ExprId) -> Option<f64> {
        let found = match self.module.kind(expr) {
            ExprKind::Binary { op, left, right } if self.module.str(*op) == "*" => {
                self.module.number(*left)? * self.module.number(*right)?
            }
            _ => number(&self.eval, self.file, expr, MAX_NAMES)?.0,
        };
        (found > 0.0 && found.is_finite()).then_some(found)
    }
}

fn is_timer(name: &str) -> bool {
    matches!(name, "setInterval" | "useInterval")
}
