//! Collections of the languages: what makes one, and what its methods do.

use crate::ir::{Call, ExprId};

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

/// Whether a method adds elements that no key tells apart.
pub fn appends(method: &str) -> bool {
    matches!(method, "append" | "appendleft" | "push" | "unshift" | "extend" | "insert")
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

/// The collection whose elements a function hands on, all of them and nothing else: `list(rows)`, `reversed(rows)`, `tqdm(rows)`; of
/// `enumerate(rows)` each with its number.
pub fn handed_on(call: &Call<'_>) -> Option<ExprId> {
    let is_it = match call.method()? {
        // `tqdm.tqdm(rows)`, `tqdm.auto.tqdm(rows)`.
        "tqdm" => true,
        "list" | "tuple" | "set" | "frozenset" | "sorted" | "reversed" | "iter" | "deque" | "enumerate" | "Set" => {
            call.receiver().is_none()
        }
        _ => false,
    };
    call.arg(0).or_else(|| call.keyword("iterable")).filter(|_| is_it)
}

/// Whether a function gives the value that it is given, in another type.
pub fn converts(function: &str) -> bool {
    matches!(
        function,
        "str" | "int" | "UUID" | "ObjectId" | "Number" | "String" | "BigInt" | "parseInt"
    )
}
