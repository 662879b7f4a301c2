use rustc_hash::FxHashSet;

use super::*;
use crate::libraries::shared::effects::LibraryData;
use crate::project::eval::Code;
use crate::syntax::facts::extract;
use crate::walk::FileKind;

fn code(path: &str, text: &str) -> Code {
    let front = if path == "a.py" { FileKind::Python } else { FileKind::TypeScript };
    Code::new(vec![extract(path, front, text)], LibraryData::built_in(), FxHashSet::default())
}

/// The loops around the call of `q`, or around the name `q` where it is passed.
fn loops(path: &str, text: &str) -> Vec<Loop> {
    let code = code(path, text);
    let eval = Evaluator::new(&code);
    let file = FileId(0);
    let module = code.module(file);
    let call = module
        .expr_ids()
        .find(|(id, _)| module.call(*id).is_some_and(|call| module.name(call.callee) == Some("q")))
        .or_else(|| module.expr_ids().find(|(id, _)| module.name(*id) == Some("q")))
        .expect("a call of q");
    around(&eval, file, call.0)
}

fn verdicts(path: &str, text: &str) -> Vec<LoopVerdict> {
    loops(path, text).into_iter().map(|found| found.verdict).collect()
}

#[track_caller]
fn py(text: &str, expected: &[LoopVerdict]) {
    assert_eq!(verdicts("a.py", text), expected, "{text}");
}

#[track_caller]
fn ts(text: &str, expected: &[LoopVerdict]) {
    assert_eq!(verdicts("a.ts", text), expected, "{text}");
}

use LoopVerdict::{CacheGuarded, Chunk, Constant, Cursor, Dependent, FirstMatch, PerRow, Retry, Worker};

const fn constant(count: u32) -> LoopVerdict {
    Constant { count: Some(count) }
}

#[test]
fn a_call_per_row_in_every_form() {
    py("for r in rows:\n    q(r)", &[PerRow]);
    py("for r in rows:\n    if r:\n        x = q(r)", &[PerRow]);
    py("x = [q(r) for r in rows]", &[PerRow]);
    py("x = {r: q(r) for r in rows}", &[PerRow]);
    py("x = [r for r in rows if q(r)]", &[PerRow]);
    py("x = [s for r in rows for s in q(r)]", &[PerRow]);
    py("for a in xs:\n    for b in ys:\n        q(b)", &[PerRow, PerRow]);
    py("x = list(map(q, rows))", &[PerRow]);
    py("x = list(map(lambda r: q(r), rows))", &[PerRow]);
    py("x = sorted(rows, key=lambda r: q(r))", &[PerRow]);
    py(
        "queue = [root]\nwhile queue:\n    n = queue.pop()\n    queue.extend(q(n))",
        &[PerRow],
    );
    ts("for (const r of rows) { await q(r); }", &[PerRow]);
    ts("rows.map((r) => q(r));", &[PerRow]);
    ts("rows.map(q);", &[PerRow]);
    ts("rows.forEach(async function (r) { await q(r); });", &[PerRow]);
    ts("for (let i = 0; i < rows.length; i++) { await q(rows[i]); }", &[PerRow]);
    ts("await pMap(rows, async (r) => q(r), { concurrency: 5 });", &[PerRow]);
    ts("await Promise.all(rows.map((r) => limit(() => q(r))));", &[PerRow]);
    ts(
        "for (const r of rows) { await db.transaction(async (tx) => { await q(tx); }); }",
        &[PerRow],
    );
    ts("const x = Array.from(rows, (r) => q(r));", &[PerRow]);
}

#[test]
fn what_is_evaluated_once_is_in_no_loop() {
    py("for r in q():\n    f(r)", &[]);
    py("x = [f(r) for r in q()]", &[]);
    py("for r in rows:\n    def later():\n        q(r)", &[]);
    py("q()\nfor r in rows:\n    pass", &[]);
    py("for r in rows:\n    pass\nelse:\n    pass\nq()", &[]);
    ts("for (const r of await q()) { f(r); }", &[]);
    ts("for (let i = q(); i < 5; i++) { f(i); }", &[]);
    ts("rows.reduce(f, q());", &[]);
    ts("for (const r of rows) { setTimeout(() => q(r), 5); }", &[]);
    ts("for (const r of rows) { handlers[r] = { run: () => q(r) }; }", &[]);
    ts("for (const r of rows) { const load = () => q(r); }", &[]);
}

#[test]
fn the_thread_of_a_call_does_not_change_how_often_it_runs() {
    py("for r in rows:\n    loop.run_in_executor(None, lambda: q(r))", &[PerRow]);
    py("executor.map(lambda r: q(r), rows)", &[PerRow]);
}

#[test]
fn constant_loops() {
    py("for x in [1, 2, 3]:\n    q(x)", &[constant(3)]);
    py("for x in range(3):\n    q(x)", &[constant(3)]);
    py("KINDS = ('a', 'b')\nfor x in KINDS:\n    q(x)", &[constant(2)]);
    py("KINDS = {'a': 1, 'b': 2}\nfor k, v in KINDS.items():\n    q(k)", &[constant(2)]);
    py("for i, x in enumerate(['a', 'b']):\n    q(x)", &[constant(2)]);
    py("for r in rows[:5]:\n    q(r)", &[constant(5)]);
    py(
        "from enum import Enum\nclass S(Enum):\n    A = 1\nx = [q(s) for s in S]",
        &[Constant { count: None }],
    );
    ts("for (const x of ['a', 'b']) { await q(x); }", &[constant(2)]);
    ts("['a', 'b'].map((x) => q(x));", &[constant(2)]);
    ts(
        "enum S { A, B }\nfor (const s of Object.values(S)) { q(s); }",
        &[Constant { count: None }],
    );
    ts("rows.slice(0, 5).map((r) => q(r));", &[constant(5)]);
    ts("for (let i = 0; i < 3; i++) { q(i); }", &[constant(3)]);
    ts("const N = 4;\nArray.from({ length: N === 4 ? 4 : 4 }, () => q());", &[PerRow]);
    ts("Array.from({ length: 7 }, () => q());", &[constant(7)]);
}

#[test]
fn a_list_that_grows_or_is_cut_by_data_is_not_constant() {
    py("ids = []\nfor r in rows:\n    ids.append(r)\nfor i in ids:\n    q(i)", &[PerRow]);
    py("ids = [1]\nids.extend(more)\nfor i in ids:\n    q(i)", &[PerRow]);
    py("for x in range(len(rows)):\n    q(x)", &[PerRow]);
    py("for x in [*rows, 1]:\n    q(x)", &[PerRow]);
    py("for r in rows[:limit]:\n    q(r)", &[PerRow]);
    py("for r in rows[5:]:\n    q(r)", &[PerRow]);
    ts("const m = {};\nm[k] = 1;\nfor (const s of Object.values(m)) { q(s); }", &[PerRow]);
    ts("rows.slice(0, n).map((r) => q(r));", &[PerRow]);
}

#[test]
fn retries() {
    py(
        "for attempt in range(n):\n    try:\n        return q()\n    except E:\n        pass",
        &[Retry],
    );
    py("def f():\n    for i in range(max_retries):\n        q()", &[Retry]);
    py(
        "def f():\n    for i in range(3):\n        try:\n            q()\n            break\n        except E:\n            sleep(1)",
        &[Retry],
    );
    py("while attempts < MAX:\n    q()\n    attempts += 1", &[Retry]);
    ts(
        "for (let attempt = 0; attempt < max; attempt++) { try { return await q(); } catch (e) {} }",
        &[Retry],
    );
    ts("while (retries--) { await q(); }", &[Retry]);
    py(
        "def f():\n    while True:\n        code = make()\n        if not q(code):\n            return code",
        &[Retry],
    );
    // The queue is drained: each pass takes one.
    py("def f():\n    while True:\n        if not q():\n            return", &[PerRow]);
    // Attempts of a quiz are rows.
    py("for attempt in attempts:\n    q(attempt)", &[PerRow]);
    py("for entry in entries:\n    q(entry)", &[PerRow]);
    ts("for (const attempt of attempts) { await q(attempt); }", &[PerRow]);
}

#[test]
fn first_match() {
    py("def f():\n    for p in ps:\n        return q(p)", &[FirstMatch]);
    py(
        "def f():\n    for p in ps:\n        if p.ok:\n            x = q(p)\n            return x",
        &[FirstMatch],
    );
    py("for p in ps:\n    if p.ok:\n        q(p)\n        break", &[FirstMatch]);
    ts(
        "async function f() { for (const p of ps) { if (p.ok) { return await q(p); } } }",
        &[FirstMatch],
    );
    // A test between the call and the end lets the loop go on.
    py(
        "def f():\n    for p in ps:\n        x = q(p)\n        if x:\n            return x",
        &[PerRow],
    );
    py(
        "def f():\n    for p in ps:\n        x = q(p)\n        if not x:\n            continue\n        return x",
        &[PerRow],
    );
    ts("for (const p of ps) { switch (p.kind) { case 1: await q(p); break; } }", &[PerRow]);
    py("for a in xs:\n    for b in ys:\n        q(b)\n        break", &[FirstMatch, PerRow]);
    ts("rows.map((r) => { return q(r); });", &[PerRow]);
}

#[test]
fn cursors() {
    py(
        "def f():\n    offset = 0\n    while True:\n        rows = q(offset)\n        if not rows:\n            break\n        offset += 100",
        &[Cursor],
    );
    py("while cursor:\n    page = q(cursor)\n    cursor = page.next_cursor", &[Cursor]);
    py(
        "while True:\n    rows = q()\n    if not rows:\n        break\n    f(rows)",
        &[Cursor],
    );
    py("while rows := q():\n    f(rows)", &[PerRow]);
    ts(
        "async function f() { let hasMore = true; while (hasMore) { const page = await q(); hasMore = page.hasMore; } }",
        &[Cursor],
    );
    ts("do { res = await q(token); token = res.nextToken; } while (token);", &[Cursor]);
    ts("for await (const page of paginate(client)) { await q(page); }", &[Cursor]);
    ts(
        "while (true) { const rows = await q(lastId); if (rows.length === 0) break; lastId = rows.at(-1).id; }",
        &[Cursor],
    );
    // One row at a time is no page.
    py(
        "while True:\n    row = cur.fetchone()\n    if not row:\n        break\n    q(row)",
        &[PerRow],
    );
}

#[test]
fn chunks() {
    py("for i in range(0, len(ids), 100):\n    q(ids[i:i+100])", &[Chunk]);
    py("for part in chunked(ids, 100):\n    q(part)", &[Chunk]);
    py("parts = batched(ids, 100)\nfor part in parts:\n    q(part)", &[Chunk]);
    py("for i, batch in enumerate(batches):\n    q(batch)", &[Chunk]);
    py("while i < len(ids):\n    q(ids[i:i+n])\n    i += n", &[Chunk]);
    ts(
        "for (let i = 0; i < ids.length; i += size) { await q(ids.slice(i, i + size)); }",
        &[Chunk],
    );
    ts("for (const part of chunk(ids, 100)) { await q(part); }", &[Chunk]);
    ts("_.chunk(ids, 100).map((part) => q(part));", &[Chunk]);
    ts(
        "while (ids.length > 0) { const part = ids.splice(0, 100); await q(part); }",
        &[Chunk],
    );
    // The same call until it brings nothing more; with a place of its own each time it is a row.
    py(
        "while runs < most:\n    gone = q(limit)\n    runs += 1\n    if gone == 0:\n        break",
        &[Cursor],
    );
    py(
        "while at < most:\n    row = q(ids[at])\n    at += 1\n    if row is None:\n        break",
        &[PerRow],
    );
    // Steps of one, and rows that are loaded, are no chunks.
    py("for i in range(0, len(ids), 1):\n    q(ids[i])", &[PerRow]);
    py("for b in get_batches(user):\n    q(b)", &[PerRow]);
    ts("for (let i = 0; i < ids.length; i += 1) { await q(ids[i]); }", &[PerRow]);
    // Inside a chunk, rows are rows.
    ts(
        "for (const part of chunk(ids, 100)) { for (const id of part) { await q(id); } }",
        &[PerRow, Chunk],
    );
}

#[test]
fn workers() {
    py("import time\nwhile True:\n    q()\n    time.sleep(5)", &[Worker]);
    py("while not stop.is_set():\n    q()\n    await_(5)", &[Worker]);
    py("while True:\n    job = queue.get()\n    q(job)", &[Worker]);
    py("while self.running:\n    q()", &[Worker]);
    ts("while (true) { await q(); await sleep(1000); }", &[Worker]);
    ts(
        "while (status !== 'done') { status = await q(); await new Promise((r) => setTimeout(r, 1000)); }",
        &[Worker],
    );
    ts("for (;;) { await q(); await delay(1000); }", &[Worker]);
}

#[test]
fn dependent_calls() {
    py("def f(node):\n    while node:\n        node = q(node.parent_id)", &[Dependent]);
    py(
        "def f(at):\n    for _ in range(depth):\n        row = q(at)\n        at = row.parent_id",
        &[Dependent],
    );
    ts("while (node) { node = await q(node.next); }", &[Dependent]);
    ts(
        "for (const part of parts) { const next = await q(folder, part); folder = next.id; }",
        &[Dependent],
    );
    // What a result is written into is handed to the next call.
    py(
        "for n in range(1, most + 1):\n    state['round'] = n\n    updates = q(state)\n    state['votes'] = updates['votes']",
        &[Dependent],
    );
    ts(
        "for (const step of steps) { const answer = await q(turns); turns.push(answer); }",
        &[Dependent],
    );
    py(
        "for r in rows:\n    found = q(r)\n    r.user = found\n    out.append(found)",
        &[PerRow],
    );
    py("for r in rows:\n    found = q(r, names)\n    names.update(found)", &[PerRow]);
    // A sum over independent calls is no chain.
    py("for r in rows:\n    total = total + q(r)", &[PerRow]);
    py("for r in rows:\n    x = r.id\n    x = q(x)", &[PerRow]);
    ts("for (const r of rows) { const user = await q(r.userId); }", &[PerRow]);
}

#[test]
fn guarded_by_a_cache() {
    py(
        "cache = {}\nfor r in rows:\n    if r.k not in cache:\n        cache[r.k] = q(r.k)",
        &[CacheGuarded],
    );
    py(
        "for r in rows:\n    if r.k in seen:\n        continue\n    seen.add(r.k)\n    q(r.k)",
        &[CacheGuarded],
    );
    py(
        "for r in rows:\n    v = cache.get(r.k)\n    if v is None:\n        v = q(r.k)\n        cache[r.k] = v",
        &[CacheGuarded],
    );
    ts(
        "for (const r of rows) { if (!map.has(r.k)) { map.set(r.k, await q(r.k)); } }",
        &[CacheGuarded],
    );
    ts("rows.map((r) => { if (!map[r.k]) { map[r.k] = q(r.k); } });", &[CacheGuarded]);
    // Nothing fills what is asked; or each row fills itself.
    py("for r in rows:\n    if not r['user']:\n        r['user'] = q(r)", &[PerRow]);
    py("for r in rows:\n    if out['kind'] == 'a':\n        out['user'] = q(r)", &[PerRow]);
    py("for r in rows:\n    if r.k not in known:\n        q(r.k)", &[PerRow]);
    ts("for (const r of rows) { if (!allowed.has(r.k)) { await q(r.k); } }", &[PerRow]);
}

#[test]
fn until_it_has_brought_something() {
    py(
        "event = None\nfor r in rows:\n    if not event:\n        event, fee = q(r)",
        &[FirstMatch],
    );
    py(
        "for r in rows:\n    if event is None:\n        log()\n        event = q(r)",
        &[FirstMatch],
    );
    ts(
        "for (const r of rows) { if (first === undefined) { first = await q(r); } }",
        &[FirstMatch],
    );
    // It is unset again for each row, or what is set is something else.
    py(
        "for r in rows:\n    event = r.event\n    if not event:\n        event = q(r)",
        &[PerRow],
    );
    py("for r in rows:\n    if not event:\n        other = q(r)", &[PerRow]);
    py("for r in rows:\n    if not event:\n        event = bad(r)\n        q(r)", &[PerRow]);
    py(
        "for r in rows:\n    if not event:\n        event = q(r)\n        show(event)\n        event = None",
        &[PerRow],
    );
    py(
        "for r in rows:\n    if not event:\n        q(r)\n        if not other:\n            event = 1",
        &[PerRow],
    );
    py("for r in rows:\n    if event:\n        event = q(r)", &[PerRow]);
    py("for r in rows:\n    if not r:\n        r = q(r)", &[PerRow]);
}

#[test]
fn overlapping_iterations_are_marked() {
    let parallel = |path: &str, text: &str| loops(path, text).first().map(|found| (found.verdict, found.parallel));
    assert_eq!(
        parallel("a.ts", "await Promise.all(rows.map(async (r) => q(r)));"),
        Some((PerRow, true))
    );
    assert_eq!(
        parallel("a.ts", "const ps = rows.map((r) => q(r));\nawait Promise.all(ps);"),
        Some((PerRow, true))
    );
    assert_eq!(
        parallel(
            "a.ts",
            "const ps = [];\nfor (const r of rows) { ps.push(q(r)); }\nawait Promise.all(ps);"
        ),
        Some((PerRow, true))
    );
    assert_eq!(
        parallel("a.py", "import asyncio\nasyncio.gather(*[q(r) for r in rows])"),
        Some((PerRow, true))
    );
    assert_eq!(parallel("a.py", "for r in rows:\n    tg.create_task(q(r))"), Some((PerRow, true)));
    assert_eq!(parallel("a.py", "any([q(r) for r in rows])"), Some((PerRow, false)));
    assert_eq!(parallel("a.ts", "for (const r of rows) { await q(r); }"), Some((PerRow, false)));
    assert_eq!(
        parallel(
            "a.ts",
            "const out = [];\nfor (const r of rows) { out.push(await q(r)); }\nawait Promise.all(out);"
        ),
        Some((PerRow, false))
    );
    assert_eq!(parallel("a.ts", "rows.every((r) => q(r));"), Some((PerRow, false)));
}

#[test]
fn the_header_is_the_line_to_show() {
    let text = "for r in rows:\n    q(r)\n";
    let found = loops("a.py", text);
    let header = found.first().map(|found| found.header).expect("a loop");
    assert_eq!(&text[header.start as usize..header.end as usize], "for r in rows");
    let text = "rows.map((r) => q(r));";
    let found = loops("a.ts", text);
    let header = found.first().map(|found| found.header).expect("a loop");
    assert_eq!(&text[header.start as usize..header.end as usize], "rows.map(");
}

#[test]
fn draws_of_a_few_are_constant() {
    py("for r in random.sample(rows, k=min(3, len(rows))):\n    q(r)", &[constant(3)]);
    py(
        "FEW = 4\npicked = random.sample(rows, min(FEW, len(rows)))\nfor r in picked:\n    q(r)",
        &[constant(4)],
    );
    py("for r in heapq.nlargest(5, rows):\n    q(r)", &[constant(5)]);
    py("for r in itertools.islice(rows, 2):\n    q(r)", &[constant(2)]);
    py("for r in rows[:min(3, len(rows))]:\n    q(r)", &[constant(3)]);
    ts(
        "for (const r of rows.slice(0, Math.min(3, rows.length))) { await q(r); }",
        &[constant(3)],
    );
    // The greatest of two says nothing, nor does a draw of as many as there are.
    py("for r in rows[:max(3, len(rows))]:\n    q(r)", &[PerRow]);
    py("for r in random.sample(rows, k=len(rows)):\n    q(r)", &[PerRow]);
    py("for r in random.sample(rows, k=min(size, len(rows))):\n    q(r)", &[PerRow]);
}

#[test]
fn a_counter_that_closes_the_way_is_a_bound() {
    py(
        "n = 0\nfor r in rows:\n    if n >= 4:\n        skipped += 1\n        continue\n    n += 1\n    try:\n        q(r)\n    except E:\n        continue",
        &[constant(4)],
    );
    ts(
        "let n = 0; for (const r of rows) { if (n < 3) { await q(r); n += 1; } }",
        &[constant(3)],
    );
    // Only some of the runs are counted.
    py(
        "bad = 0\nfor r in rows:\n    if bad >= 4:\n        break\n    if not q(r):\n        bad += 1",
        &[PerRow],
    );
    py(
        "n = 0\nfor r in rows:\n    if n >= 4:\n        break\n    a = q(r)\n    if not a:\n        continue\n    n += 1",
        &[PerRow],
    );
    py(
        "n = 0\nfor r in rows:\n    if n >= 4000:\n        break\n    n += 1\n    q(r)",
        &[PerRow],
    );
}
