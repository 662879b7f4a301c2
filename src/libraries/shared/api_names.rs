//! What methods, arguments and globals of languages, standard libraries and frameworks are called, where no recogniser of one library
//! asks: names that their manuals give, and no guesses.

use crate::ir::{ExprId, Module};

/// Whether a method is what makes an object ready: `__init__`, `constructor`.
pub fn is_initializer(name: &str) -> bool {
    matches!(name, "__init__" | "constructor")
}

/// Whether a method makes an object, or is what makes it ready.
pub fn begins_object(name: &str) -> bool {
    is_initializer(name) || name == "__new__"
}

/// Whether a method makes an object, or makes it ready to be used.
pub fn makes_object(name: &str) -> bool {
    begins_object(name) || matches!(name, "__aenter__" | "__enter__")
}

/// Whether a function, as it is written, asks of what type its first argument is.
pub fn tests_type(path: &str) -> bool {
    matches!(path, "Array.isArray" | "isinstance")
}

/// Whether a call waits for all that it is given at once: `asyncio.gather`, `Promise.all`.
pub fn waits_for_all(method: &str) -> bool {
    matches!(method, "all" | "allSettled" | "gather")
}

/// Whether a call runs what it is given beside each other: [`waits_for_all`], executors.
pub fn runs_together(method: &str) -> bool {
    waits_for_all(method) || matches!(method, "as_completed" | "submit")
}

/// Whether a call around another one ends its wait: `asyncio.wait_for(…)`, `Promise.race([…])`, `anyio.move_on_after(…)`.
pub fn ends_wait(method: &str) -> bool {
    ends_scope(method) || matches!(method, "wait_for" | "race")
}

/// Whether a context manager of anyio ends the waits in it: `with anyio.move_on_after(5):`.
pub fn ends_scope(method: &str) -> bool {
    matches!(method, "move_on_after" | "fail_after")
}

/// Whether a method of an event loop runs a function on it later.
pub fn runs_on_loop(method: &str) -> bool {
    matches!(
        method,
        "call_soon" | "call_later" | "call_at" | "call_soon_threadsafe" | "add_callback"
    )
}

/// Whether a module's `run` makes an event loop of its own.
pub fn makes_loop(module: &str) -> bool {
    matches!(module, "asyncio" | "anyio" | "trio" | "uvloop")
}

/// Whether a decorator, as it is written, makes a context manager of a generator.
pub fn makes_context_manager(path: &str) -> bool {
    matches!(path.rsplit('.').next(), Some("contextmanager" | "asynccontextmanager"))
}

/// Whether a function of a library is one of an event loop's runner, which keeps its loop: `asyncio.Runner`.
pub fn is_runner(name: &str) -> bool {
    name.starts_with("asyncio.Runner")
}

/// Whether a function, as it is written, runs an event loop until the program ends: `run(main())`, `asyncio.run(main())`.
pub fn runs_program(path: &str) -> bool {
    path == "run" || path.ends_with("asyncio.run")
}

/// Whether a method runs the function that it is given in a transaction: `db.transaction(async (tx) => …)`.
pub fn runs_in_transaction(method: &str) -> bool {
    matches!(
        method,
        "transaction" | "$transaction" | "withTransaction" | "transactional" | "inTransaction"
    )
}

/// Whether a method of a session or connection ends its transaction.
pub fn ends_transaction(method: &str) -> bool {
    matches!(method, "commit" | "rollback" | "close")
}

/// Whether a function of a client's library makes a client or opens its connection, and sends no request.
pub fn makes_client(function: &str) -> bool {
    matches!(function, "connect" | "from_url" | "create" | "extend")
}

/// Whether a function without arguments, as it is written, asks who sends the request: of Auth.js, of Clerk, and as templates of a
/// program that is made with the former call it.
pub fn asks_for_user(path: &str) -> bool {
    matches!(path, "auth" | "getServerSession" | "getServerAuthSession" | "currentUser")
}

/// Whether a parameter of a method that a framework calls for each row is none of the row's.
pub fn is_none_of_row(param: &str) -> bool {
    matches!(param, "self" | "cls" | "info")
}

/// Whether a global is there in browsers alone.
pub fn is_of_browsers(global: &str) -> bool {
    matches!(global, "window" | "document" | "localStorage" | "sessionStorage" | "navigator")
}

/// Whether a member of the `document` says whether its page is shown.
pub fn says_if_shown(member: &str) -> bool {
    matches!(member, "hidden" | "visibilityState")
}

/// Whether a hook runs its function when a component appears.
pub fn is_mount_hook(hook: &str) -> bool {
    matches!(hook, "useEffect" | "useLayoutEffect" | "onMount" | "onMounted" | "createEffect")
}

/// Whether a function leaves the page or the process that calls it: `redirect`, `notFound` of Next.js, `process.exit`.
pub fn leaves(function: &str) -> bool {
    matches!(function, "redirect" | "notFound" | "exit")
}

/// Whether a call makes a number of a text: `Number(x)`, `parseInt(x, 10)`.
pub fn makes_number(module: &Module, callee: ExprId) -> bool {
    let Some(path) = module.dotted(callee) else { return false };
    matches!(path.strip_prefix("Number.").unwrap_or(&path), "parseInt" | "parseFloat") || path == "Number"
}

/// Whether a method gives a text without blanks around it, or in small letters.
pub fn tidies_text(method: &str) -> bool {
    matches!(method, "lower" | "strip" | "toLowerCase" | "trim")
}

/// Whether an attribute is one that arrays have and asynchronous iterators do not.
pub fn is_of_arrays(attribute: &str) -> bool {
    matches!(attribute, "length" | "map" | "filter" | "slice" | "push")
}

/// Whether a method puts what it is given behind what a list holds.
pub fn adds_to_end(method: &str) -> bool {
    matches!(method, "append" | "extend" | "push")
}

/// Whether a method of a queue gives its next element.
pub fn takes_from_queue(method: &str) -> bool {
    matches!(method, "get" | "receive" | "dequeue")
}

/// Whether a method of a cache keeps an entry.
pub fn keeps_entry(method: &str) -> bool {
    matches!(method, "set" | "add" | "set_many")
}

/// Whether an argument of [`keeps_entry`] is the entry itself, and no option.
pub fn is_entry_argument(name: &str) -> bool {
    matches!(name, "name" | "key" | "value")
}

/// Whether a method of a cache takes an entry away.
pub fn removes_entry(method: &str) -> bool {
    matches!(method, "remove" | "delete" | "invalidate")
}

/// Whether a function takes a key of a store away, wherever it is kept: the order of several does not matter.
pub fn removes_key(function: &str) -> bool {
    matches!(function, "del" | "unlink" | "removeItem" | "revalidateTag" | "revalidatePath")
}

/// What a module names that keeps results of its functions.
pub const MEMOIZERS: &[&str] = &["cache", "lru_cache", "functools"];

/// Whether a method of a view gives its serializer.
pub fn gives_serializer(method: &str) -> bool {
    matches!(method, "get_serializer" | "get_serializer_class" | "serializer_class")
}

/// Whether a call names relations that are loaded along with rows: of Django, and what serializers and libraries around it call it.
pub fn loads_relations(method: &str) -> bool {
    matches!(
        method,
        "select_related" | "prefetch_related" | "setup_eager_loading" | "auto_optimize" | "prefetch_related_objects"
    )
}

/// Keys of a query's options under which relations are loaded along.
pub const RELATION_KEYS: &[&str] = &["include", "select", "with"];

/// Whether a function makes a page of a template and a context.
pub fn renders_template(function: &str) -> bool {
    matches!(
        function,
        "render" | "render_to_string" | "TemplateResponse" | "render_template" | "aiohttp_render"
    )
}

/// Whether a named argument of [`renders_template`] is none of the context's names.
pub fn is_render_option(name: &str) -> bool {
    matches!(name, "context" | "request" | "name" | "template_name")
}

/// Whether a method of a paginator gives one of its pages.
pub fn gives_page(method: &str) -> bool {
    matches!(method, "get_page" | "page")
}

/// Whether a step of a path in a filter is no column: of Prisma, and Django's `in` and `exact`.
pub fn is_step_of_filter(step: &str) -> bool {
    matches!(step, "is" | "some" | "equals" | "in" | "exact")
}

/// Whether a method of a promise goes on when its value is there.
pub fn goes_on(method: &str) -> bool {
    matches!(method, "then" | "catch" | "finally")
}

/// Whether a class or decorator is of a cache that can have a maximum: of cachetools, functools and lru-cache.
pub fn can_be_bounded(cache: &str) -> bool {
    matches!(cache, "TTLCache" | "LRUCache" | "LFUCache" | "lru_cache" | "alru_cache")
}

/// Whether an attribute of a page or a paginator gives its rows.
pub fn gives_page_rows(attribute: &str) -> bool {
    matches!(attribute, "object_list" | "all" | "items")
}

/// Whether a column is one that a database has in each table and nobody declares.
pub fn is_system_column(name: &str) -> bool {
    matches!(name, "rowid" | "ctid" | "oid" | "tableoid")
}

/// Whether a literal of SQL says that something is so, is not so or is not there.
pub fn is_state(literal: &str) -> bool {
    ["null", "true", "false"].iter().any(|state| literal.eq_ignore_ascii_case(state))
}

/// Whether a text of SQL, in small letters, begins with an operator that compares what stands before it.
pub fn begins_with_comparison(sql: &str) -> bool {
    sql.starts_with(['=', '<', '>', '!', '~', ':']) || ["like", "ilike", "not ", "in ", "between"].iter().any(|word| sql.starts_with(word))
}

/// Whether a file's name is that of components.
pub fn is_component_file(name: &str) -> bool {
    [".tsx", ".jsx", ".svelte", ".vue"].iter().any(|end| name.ends_with(end))
}
