//! What becomes of a function that is passed as an argument: does it run now, once an element, later, or elsewhere.

use super::effects::Effects;
use super::handles;
use super::one_value::is_one_value;
use super::query::Resolver;
use super::value::{FileId, Value};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Language, LoopKind, Module, Parent, StmtKind, Sym};
use crate::vocabulary::List;

/// Expressions between a callback's name and the call that it is handed to.
const MAX_HANDED_ON: usize = 6;

/// When and where a passed function runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Callback {
    /// During the call, where it stands, as far as nothing says otherwise.
    Inline,
    /// During the call: the project's own function calls it in its body.
    Called,
    /// During the call, once an element of a collection.
    PerElement,
    /// After the call: a timer, an event, a registration.
    Later,
    /// On another thread or in another process.
    Barrier,
}

/// What the function given as the argument at an index (keywords counted in) is called for.
pub fn callback(resolver: &dyn Resolver, file: FileId, call: Call<'_>, argument: usize) -> Callback {
    let value = resolver.value(file, call.callee);
    if let Some(known) = direct(resolver, file, call, argument, &value) {
        return known;
    }
    let Value::Function(at, function) = value else {
        return Callback::Inline;
    };
    match parameter(resolver.module(at), function, call, argument) {
        Some(name) => match wrapper(resolver, at, function, name) {
            Callback::Inline | Callback::Called if argument > 0 && maps(call.method().unwrap_or("")) => Callback::PerElement,
            found => found,
        },
        None => Callback::Inline,
    }
}

/// A name that says "once an element", for helpers whose body is more than a loop: `mapWithConcurrency`,
/// `asyncForEach`.
fn maps(name: &str) -> bool {
    List::Mapping.has(name)
}

/// Whether a decorator makes every call of a function run elsewhere: `@sync_to_async`.
pub fn runs_elsewhere(resolver: &dyn Resolver, file: FileId, function: FunctionId) -> bool {
    let module = resolver.module(file);
    module.function(function).decorators.iter().any(|&decorator| {
        let callee = module.call(decorator).map_or(decorator, |call| call.callee);
        let name = match module.kind(callee) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
            _ => return false,
        };
        is_barrier_name(name)
            || resolver
                .value(file, callee)
                .library_name()
                .is_some_and(|name| resolver.call_effects(file, name).has(Effects::BARRIER))
    })
}

/// What a call is known for by itself.
fn direct(resolver: &dyn Resolver, file: FileId, call: Call<'_>, argument: usize, value: &Value) -> Option<Callback> {
    let method = call.method().unwrap_or("");
    let library = value.library_name();
    if let Some(effects) = library.map(|name| resolver.call_effects(file, name)) {
        if effects.has(Effects::BARRIER) {
            return Some(Callback::Barrier);
        }
        if effects.has(Effects::TIMER) {
            return Some(Callback::Later);
        }
    }
    if is_barrier(call, method, library) {
        return Some(Callback::Barrier);
    }
    if is_per_element(call, method, argument, value) {
        let is_single = call.module.language == Language::TypeScript && is_one_value(resolver, file, &call);
        return Some(if is_single { Callback::Inline } else { Callback::PerElement });
    }
    // What a library's object is made with, it calls when it is used: `new DataLoader(batch)`, `new Worker(queue, work)`. Only a
    // promise runs what it is made with at once.
    let is_kept = call.is_new && library.is_some_and(|name| !name.ends_with("Promise"));
    (is_kept || is_later(call, method)).then_some(Callback::Later)
}

fn is_barrier_name(name: &str) -> bool {
    matches!(
        name,
        "to_thread"
            | "run_in_executor"
            | "run_in_threadpool"
            | "sync_to_async"
            | "database_sync_to_async"
            | "asyncify"
            | "run_in_thread"
            | "defer_to_thread"
            | "deferToThread"
            | "deferToThreadPool"
            | "runInteraction"
            | "runWithConnection"
    )
}

/// `Thread(target=run)`, `Process(target=run)`: it goes on by itself unless somebody joins it.
pub fn is_thread(call: &Call<'_>) -> bool {
    call.module.language == Language::Python && matches!(call.method(), Some("Thread" | "Process" | "Timer"))
}

fn is_barrier(call: Call<'_>, method: &str, library: Option<&str>) -> bool {
    if is_barrier_name(method) {
        return true;
    }
    let receiver = receiver_word(call);
    let is_pool = receiver.contains("executor") || receiver.contains("pool") && call.module.language == Language::Python;
    match method {
        "submit" => is_pool,
        "map" | "imap" | "imap_unordered" | "starmap" | "apply_async" | "map_async" => is_pool && call.module.language == Language::Python,
        "Thread" | "Process" | "Timer" if call.module.language == Language::Python => {
            call.keyword("target").is_some()
                || library.is_some_and(|name| name.starts_with("threading.") || name.starts_with("multiprocessing."))
        }
        "run_sync" => receiver == "to_thread" || receiver == "to_process",
        _ => false,
    }
}

fn is_per_element(call: Call<'_>, method: &str, argument: usize, value: &Value) -> bool {
    if call.receiver().is_none() || is_on_function_library(call) {
        // The project's own function is judged by its body.
        if matches!(value, Value::Function(..)) {
            return false;
        }
        return match call.module.language {
            Language::Python => match method {
                "map" | "filter" | "filterfalse" | "takewhile" | "dropwhile" | "starmap" | "reduce" => argument == 0,
                _ => argument > 0 && matches!(method, "sorted" | "min" | "max" | "groupby"),
            },
            Language::TypeScript => argument > 0 && takes_collection(method),
        };
    }
    if is_array_from(call) {
        return argument == 1;
    }
    match call.module.language {
        Language::TypeScript => is_iteration(method) && argument == 0,
        // `frame.apply(f, axis=1)`, `series.map(f)`, `rows.sort(key=f)`.
        Language::Python => matches!(method, "apply" | "map" | "applymap" | "sort"),
    }
}

/// Methods of collections, streams and pagers that run their callback once an element.
pub fn is_iteration(method: &str) -> bool {
    matches!(
        method,
        "map"
            | "forEach"
            | "filter"
            | "flatMap"
            | "reduce"
            | "reduceRight"
            | "find"
            | "findIndex"
            | "findLast"
            | "some"
            | "every"
            | "sort"
            | "toSorted"
            | "mapSeries"
            | "each"
            | "eachSeries"
            | "eachOf"
            | "concatMap"
            | "mergeMap"
            | "eachAsync"
            | "autoPagingEach"
    )
}

/// Functions of a collection and a callback: `pMap(xs, f)`, `_.keyBy(xs, f)`.
fn takes_collection(name: &str) -> bool {
    matches!(
        name,
        "pMap"
            | "pmap"
            | "pEach"
            | "pFilter"
            | "pReduce"
            | "pMapSeries"
            | "pEachSeries"
            | "mapLimit"
            | "eachLimit"
            | "eachOfLimit"
            | "forEachLimit"
            | "eachSeries"
            | "mapSeries"
            | "asyncPool"
            | "promiseMap"
            | "mapAsync"
            | "forEachAsync"
            | "asyncMap"
            | "asyncForEach"
            | "parallel"
            | "each"
            | "map"
            | "forEach"
            | "filter"
            | "flatMap"
            | "reduce"
            | "find"
            | "some"
            | "every"
            | "keyBy"
            | "groupBy"
            | "sortBy"
            | "uniqBy"
            | "times"
            | "mapValues"
    )
}

/// Whether a name is one under which a library of functions over collections is imported.
pub fn is_function_library(name: &str) -> bool {
    matches!(name, "_" | "lodash" | "async" | "Bluebird" | "itertools" | "functools")
}

/// `_.map(xs, f)`, `async.each(xs, f)`, `Promise.map(xs, f)`, `R.map(f, xs)`: the collection is an argument.
fn is_on_function_library(call: Call<'_>) -> bool {
    let Some(receiver) = call.receiver() else { return false };
    match call.module.name(receiver) {
        Some(name) if is_function_library(name) => true,
        Some("Promise") => call.method() == Some("map") || call.method() == Some("each") || call.method() == Some("mapSeries"),
        _ => false,
    }
}

fn is_array_from(call: Call<'_>) -> bool {
    call.method() == Some("from") && call.receiver().is_some_and(|receiver| call.module.name(receiver) == Some("Array"))
}

fn is_later(call: Call<'_>, method: &str) -> bool {
    let receiver = receiver_word(call);
    match method {
        "setTimeout"
        | "setInterval"
        | "setImmediate"
        | "requestAnimationFrame"
        | "requestIdleCallback"
        | "queueMicrotask"
        | "nextTick"
        | "addEventListener"
        | "addListener"
        | "useEffect"
        | "useCallback"
        | "useLayoutEffect"
        | "useQuery"
        | "useMutation"
        | "useInfiniteQuery"
        | "useSWR"
        | "useEvent"
        | "useInterval"
        | "debounce"
        | "throttle"
        | "after"
        | "waitUntil"
        | "createEffect"
        | "watch"
        | "watchEffect"
        | "onMounted"
        | "onUnmounted"
        | "memo"
        | "forwardRef"
        | "cache"
        | "unstable_cache"
        | "createAsyncThunk"
        | "beforeEach"
        | "afterEach"
        | "beforeAll"
        | "afterAll"
        | "describe"
        | "it"
        | "test" => true,
        "on" | "once" | "off" | "subscribe" | "listen" => call.args.len() > 1 || method == "subscribe",
        "get" | "post" | "put" | "patch" | "delete" | "all" | "use" | "route" => {
            call.module.language == Language::TypeScript && handles::takes_routes(&receiver)
        }
        "query" | "mutation" | "subscription" => {
            call.module.language == Language::TypeScript && call.args.len() == 1 && receiver_chain_has_procedure(call)
        }
        "Worker" | "CronJob" | "createFunction" | "schedule" | "scheduleJob" => call.module.language == Language::TypeScript,
        "call_later"
        | "call_soon"
        | "call_at"
        | "add_done_callback"
        | "add_job"
        | "add_task"
        | "enqueue"
        | "enqueue_in"
        | "enqueue_at"
        | "apply_async"
        | "delay"
        | "on_commit"
        | "register"
        | "add_event_handler"
        | "add_api_route"
        | "add_url_rule"
        | "add_signal_handler"
        | "call_soon_threadsafe"
        | "connect" => call.module.language == Language::Python,
        _ => false,
    }
}

/// Django's `@method_decorator(cache_page(60))`: what it is given is the decorator.
pub fn wraps_a_decorator(name: &str) -> bool {
    name == "method_decorator"
}

/// Whether a call hands work to others, or to the time when a transaction is over.
pub fn hands_over(method: &str) -> bool {
    matches!(
        method,
        "on_commit"
            | "delay"
            | "apply_async"
            | "enqueue"
            | "send_task"
            | "create_task"
            | "ensure_future"
            | "add_task"
            | "waitUntil"
            | "after"
    )
}

fn receiver_chain_has_procedure(call: Call<'_>) -> bool {
    let links = call.chain();
    let named = |expr: ExprId| match call.module.kind(expr) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => call.module.str(*name).contains("rocedure"),
        _ => false,
    };
    links.iter().any(|link| named(link.callee) || link.receiver().is_some_and(named))
}

/// The last name before the method, lower case; the start of the chain where there is none.
fn receiver_word(call: Call<'_>) -> String {
    let Some(receiver) = call.receiver() else { return String::new() };
    match call.module.kind(receiver) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => call.module.str(*name).to_ascii_lowercase(),
        ExprKind::Call { callee, .. } => match call.module.kind(*callee) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => call.module.str(*name).to_ascii_lowercase(),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// The name of the parameter that an argument goes to.
fn parameter(module: &Module, function: FunctionId, call: Call<'_>, argument: usize) -> Option<Sym> {
    let definition = module.function(function);
    let given = call.args.get(argument)?;
    if let Some(keyword) = given.name {
        let keyword = call.module.str(keyword);
        return definition
            .params
            .iter()
            .filter_map(|param| param.name)
            .find(|&name| module.str(name) == keyword);
    }
    let has_self = call.receiver().is_some() && module.takes_receiver(function);
    definition.params.get(argument + usize::from(has_self))?.name
}

/// What a function of the project does with a function it is given, one level deep: it hands it to a barrier or a
/// timer, or calls it once an element of another argument.
fn wrapper(resolver: &dyn Resolver, file: FileId, function: FunctionId, param: Sym) -> Callback {
    let module = resolver.module(file);
    let definition = module.function(function);
    let (span, (first, end)) = (definition.span, definition.exprs);
    let mut found_so_far = Callback::Inline;
    if !resolver.afford(file, end.index().saturating_sub(first.index())) {
        return found_so_far;
    }
    for id in (first.0..end.0).map(ExprId) {
        let expr = module.expr(id);
        if !matches!(expr.kind, ExprKind::Name(name) if name == param) || !span.encloses(expr.span) {
            continue;
        }
        if let Some(found) = handed_on(resolver, file, id) {
            return found;
        }
        if is_called_per_element(module, function, id) {
            return Callback::PerElement;
        }
        // Another branch may hand it to a thread: the search goes on.
        if module.owner(id) == function && is_callee(module, id) {
            found_so_far = Callback::Called;
        }
    }
    found_so_far
}

fn is_callee(module: &Module, name: ExprId) -> bool {
    matches!(module.expr(name).parent, Parent::Expr(parent) if module.call(parent).is_some_and(|call| call.callee == name))
}

/// What the call that a name stands in, bare, in `partial(f, …)` or called in a lambda, does with it.
fn handed_on(resolver: &dyn Resolver, file: FileId, name: ExprId) -> Option<Callback> {
    let module = resolver.module(file);
    let mut at = name;
    // Argument of `partial`, body of a lambda, argument of the barrier: never more steps than these.
    for _ in 0..MAX_HANDED_ON {
        at = match module.expr(at).parent {
            Parent::Expr(parent) => {
                if let Some(call) = module.call(parent)
                    && let Some(index) = call.args.iter().position(|arg| arg.value == at)
                {
                    let value = resolver.value(file, call.callee);
                    let found = direct(resolver, file, call, index, &value);
                    if found.is_some() {
                        return found;
                    }
                }
                parent
            }
            Parent::Stmt(stmt) => match (&module.stmt(stmt).kind, module.stmt(stmt).parent) {
                (StmtKind::Return(_) | StmtKind::Expr(_), Parent::Function(inner)) if module.function(inner).is_lambda => {
                    match module.function(inner).definition {
                        Parent::Expr(lambda) => lambda,
                        _ => return None,
                    }
                }
                _ => return None,
            },
            _ => return None,
        };
    }
    None
}

/// `for (const x of xs) await f(x)` in a function with the parameters `xs` and `f`.
fn is_called_per_element(module: &Module, function: FunctionId, name: ExprId) -> bool {
    let Parent::Expr(parent) = module.expr(name).parent else {
        return false;
    };
    if module.call(parent).is_none_or(|call| call.callee != name) {
        return false;
    }
    let mut node = module.expr(parent).parent;
    loop {
        node = match node {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => {
                if let StmtKind::Loop {
                    kind: LoopKind::ForEach,
                    iterable: Some(iterable),
                    ..
                } = module.stmt(id).kind
                {
                    let given = module.name(iterable);
                    let mut params = module.function(function).params.iter().filter_map(|param| param.name);
                    if given.is_some() && params.any(|param| Some(module.str(param)) == given) {
                        return true;
                    }
                }
                module.stmt(id).parent
            }
            _ => return false,
        };
    }
}
