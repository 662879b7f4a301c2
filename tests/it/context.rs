//! When a function that is passed as an argument runs.

use perfaudit::ir::ExprKind;
use perfaudit::libraries::shared::callbacks::{Callback, callback, runs_elsewhere};
use perfaudit::libraries::shared::value::FileId;
use perfaudit::project::eval::Evaluator;

use crate::entries::code;

/// The verdict on the argument that is the name `marked`.
fn of(path: &str, text: &str) -> Callback {
    let code = code(&[(path, text)]);
    let eval = Evaluator::new(&code);
    let module = code.module(FileId(0));
    for (id, _) in module.expr_ids() {
        let Some(call) = module.call(id) else { continue };
        let place = call.args.iter().position(|arg| match module.kind(arg.value) {
            ExprKind::Name(name) => module.str(*name) == "marked",
            _ => false,
        });
        if let Some(place) = place {
            return callback(&eval, FileId(0), call, place);
        }
    }
    panic!("no marked argument in {text}");
}

#[test]
fn barriers_by_name_and_through_the_projects_own_helper() {
    use Callback::{Barrier, Called, Inline};
    for text in [
        "import asyncio\nasyncio.to_thread(marked, 1)",
        "loop.run_in_executor(None, marked)",
        "from starlette.concurrency import run_in_threadpool\nrun_in_threadpool(marked, 1)",
        "from asgiref.sync import sync_to_async\nsync_to_async(marked)(1)",
        "import threading\nthreading.Thread(target=marked)",
        "executor.submit(marked, 1)",
        "import anyio\nanyio.to_thread.run_sync(marked)",
        "async def run_sync(f, *a):\n    loop = get()\n    return await loop.run_in_executor(None, f, *a)\nrun_sync(marked)",
        "async def off(f, *a):\n    return await asyncio.to_thread(partial(f, *a))\noff(marked)",
        "class A:\n    def off(self, f):\n        return self.pool.submit(lambda: f(1))\n    def go(self):\n        self.off(marked)",
    ] {
        assert_eq!(of("a.py", text), Barrier, "{text}");
    }
    for text in [
        "with_retry(marked)",
        "form.submit(marked)",
        "def later(f):\n    return lambda: f()\nlater(marked)",
    ] {
        assert_eq!(of("a.py", text), Inline, "{text}");
    }
    let twice = "def twice(f):\n    return f() + f()\ntwice(marked)";
    assert_eq!(of("a.py", twice), Called);
    // One branch calls it, the other hands it to a thread: nothing blocks for sure.
    let either = "async def run(f):\n    if is_async(f):\n        return await f()\n    return await asyncio.to_thread(f)\nrun(marked)";
    assert_eq!(of("a.py", either), Barrier);
}

#[test]
fn iteration_and_timers_are_told_from_inline_calls() {
    use Callback::{Called, Inline, Later, PerElement};
    for (text, expected) in [
        ("rows.map(marked)", PerElement),
        ("pMap(rows, marked)", PerElement),
        ("_.forEach(rows, marked)", PerElement),
        ("async.each(rows, marked)", PerElement),
        ("Array.from(rows, marked)", PerElement),
        (
            "async function each(xs, f) { for (const x of xs) { await f(x); } }\neach(rows, marked)",
            PerElement,
        ),
        (
            "async function again(n, f) { for (let i = 0; i < n; i++) { await f(); } }\nagain(3, marked)",
            Called,
        ),
        ("db.transaction(marked)", Inline),
        ("p.then(marked)", Inline),
        ("cacheWrap('k', marked)", Inline),
        ("setTimeout(marked, 5)", Later),
        ("socket.on('x', marked)", Later),
        ("useEffect(marked, [])", Later),
        ("router.get('/x', marked)", Later),
        ("peopleRoutes.get('/x', marked)", Later),
        ("authedProcedure.input(z).query(marked)", Later),
        ("db.query(marked)", Inline),
    ] {
        assert_eq!(of("a.ts", text), expected, "{text}");
    }
    assert_eq!(of("a.py", "map(marked, rows)"), PerElement);
    assert_eq!(of("a.py", "sorted(rows, key=marked)"), PerElement);
    assert_eq!(of("a.py", "loop.call_later(3, marked)"), Later);
}

#[test]
fn a_decorator_moves_a_function_to_a_thread() {
    let code = code(&[(
        "a.py",
        "from asgiref.sync import sync_to_async\n@sync_to_async\ndef f(): ...\ndef g(): ...\n",
    )]);
    let eval = Evaluator::new(&code);
    let found: Vec<bool> = code
        .module(FileId(0))
        .function_ids()
        .map(|(id, _)| runs_elsewhere(&eval, FileId(0), id))
        .collect();
    assert_eq!(found, [false, true, false]);
}
