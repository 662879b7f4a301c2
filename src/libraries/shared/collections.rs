//! Collections of the languages: what makes one, and what its methods do.

use crate::ir::{Call, ExprId, ExprKind, Language, Module};

/// Whether a constructor makes a collection that keeps what it gets.
pub fn keeps(name: &str) -> bool {
    matches!(
        name,
        "dict" | "list" | "set" | "OrderedDict" | "Counter" | "deque" | "defaultdict" | "Map" | "Set"
    )
}

/// Whether a constructor makes a collection of the program.
pub fn is_collection(name: &str) -> bool {
    keeps(name) || matches!(name, "Array" | "WeakMap" | "WeakSet")
}

/// Whether a constructor makes a collection whose absent keys are made by reading them.
pub fn makes_on_reading(name: &str) -> bool {
    name == "defaultdict"
}

/// Whether what Python calls by this name gives one of its own texts or collections, whose methods are its own.
pub fn makes_plain(name: &str) -> bool {
    let (library, made) = name.split_once('.').unwrap_or(("", name));
    match library {
        "builtins" => matches!(made, "bytes" | "dict" | "frozenset" | "list" | "set" | "sorted" | "str"),
        "collections" => keeps(made),
        _ => false,
    }
}

/// Whether it is a method of Python's own texts and collections.
pub fn is_plain_method(method: &str) -> bool {
    const METHODS: [&str; 24] = [
        "add",
        "capitalize",
        "copy",
        "count",
        "decode",
        "encode",
        "endswith",
        "format",
        "get",
        "index",
        "items",
        "join",
        "keys",
        "lower",
        "lstrip",
        "replace",
        "reverse",
        "rstrip",
        "setdefault",
        "sort",
        "split",
        "startswith",
        "strip",
        "upper",
    ];
    let changes = matches!(method, "difference" | "intersection" | "union" | "update" | "values");
    changes || appends(method) || takes_away(method) || METHODS.contains(&method)
}

/// Whether a method adds elements that no key tells apart.
pub fn appends(method: &str) -> bool {
    matches!(method, "append" | "appendleft" | "push" | "unshift" | "extend" | "insert")
}

/// Whether a method puts an element under a key, or one that is its own key.
pub fn puts(method: &str) -> bool {
    matches!(method, "add" | "set" | "setdefault")
}

/// Whether a method asks for a key or an element.
pub fn asks(method: &str) -> bool {
    matches!(method, "get" | "has" | "includes")
}

/// Whether a function or method gives the keys or values of a mapping: `HOSTS.items()`, `Object.keys(HOSTS)`.
pub fn gives_parts(method: &str) -> bool {
    matches!(method, "items" | "keys" | "values" | "entries")
}

/// Whether a method takes elements away.
pub fn takes_away(method: &str) -> bool {
    matches!(
        method,
        "pop"
            | "popitem"
            | "popleft"
            | "remove"
            | "discard"
            | "clear"
            | "delete"
            | "shift"
            | "splice"
            | "difference_update"
            | "intersection_update"
            | "move_to_end"
    )
}

/// Whether a function only looks at the collection that it is given.
pub fn only_reads(function: &str) -> bool {
    matches!(
        function,
        "list"
            | "sorted"
            | "dict"
            | "set"
            | "tuple"
            | "str"
            | "any"
            | "all"
            | "sum"
            | "max"
            | "min"
            | "iter"
            | "enumerate"
            | "bool"
            | "stringify"
            | "from"
            | "keys"
            | "values"
            | "entries"
            | "isinstance"
    )
}

/// `[]`, `()`, `{}`.
pub fn is_empty_literal(module: &Module, expr: ExprId) -> bool {
    match module.kind(expr) {
        ExprKind::List(items) | ExprKind::Tuple(items) => items.is_empty(),
        ExprKind::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

/// The collection whose elements a function hands on, all of them and nothing else: `list(rows)`, `reversed(rows)`, `tqdm(rows)`; of
/// `enumerate(rows)` each with its number. By the name alone: see `Evaluator::handed_on`.
pub fn handed_on(call: &Call<'_>) -> Option<ExprId> {
    let is_python = call.module.language == Language::Python;
    let (is_plain, is_alone) = (call.receiver().is_none(), call.args.len() == 1);
    let is_it = match call.method()? {
        // `tqdm.tqdm(rows)`, `tqdm.auto.tqdm(rows)`.
        "tqdm" => is_python,
        "sorted" | "deque" | "enumerate" => is_python && is_plain,
        // `iter(read, None)` calls a function.
        "list" | "tuple" | "set" | "frozenset" | "reversed" | "iter" => is_python && is_plain && is_alone,
        "Set" => !is_python && is_plain && is_alone,
        _ => false,
    };
    call.arg(0).or_else(|| call.keyword("iterable")).filter(|_| is_it)
}

/// The collection that a function of Python makes one value of: `len(rows)`, `dict(pairs)`.
pub fn made_one(call: &Call<'_>) -> Option<ExprId> {
    let is_python = call.module.language == Language::Python;
    let is_it =
        is_python && matches!(call.method()?, "len" | "sum" | "dict" | "bool" | "next" | "any" | "all") && call.receiver().is_none();
    call.arg(0).filter(|_| is_it && call.args.len() == 1)
}

/// The collections that a call goes over besides: `", ".join(rows)`, `seen.update(rows)`, `map(f, rows)`, `zip(rows, others)`.
pub fn gone_over(call: &Call<'_>) -> Vec<ExprId> {
    let is_plain = call.receiver().is_none();
    let given = call.args.iter().filter(|arg| arg.name.is_none()).map(|arg| arg.value);
    match call.method() {
        Some("join") if call.receiver().is_some_and(|text| call.module.string(text).is_some()) => given.take(1).collect(),
        Some("extend" | "update") if !is_plain => given.take(1).collect(),
        Some("map" | "filter") if is_plain => given.skip(1).collect(),
        Some("zip" | "chain") if is_plain => given.collect(),
        _ => Vec::new(),
    }
}

/// Whether a function gives the value that it is given, in another type.
pub fn converts(function: &str) -> bool {
    matches!(
        function,
        "str" | "int" | "UUID" | "ObjectId" | "Number" | "String" | "BigInt" | "parseInt"
    )
}
