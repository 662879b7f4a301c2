//! Calls that would not parse or run with `await`, or would wait where something is held.

use super::{Run, fix, mended, tree};

/// A file of one server, with a handler's body.
fn server(body: &str) -> String {
    format!(
        "import fs from 'fs'\nimport express from 'express'\n\nconst app = express()\n\napp.get('/f', async (req, res) => {{\n{body}}})\n"
    )
}

fn server_mended(body: &str) -> (String, Run) {
    mended(&[("src/server.js", &server(body))], "src/server.js")
}

#[test]
fn a_parenthesis_does_not_call_the_line_before() {
    let reading = "fs.readFileSync(String(req.query.a), 'utf8').split(',').forEach(f => out.push(f))\n  res.json(out)\n";
    for before in [
        "const out = []\n  let dir\n  dir = req",
        "const out = [] // why; not\n ",
        "const out = [] /* ; */\n ",
        "const out = []\n  'a;//b'",
    ] {
        let (text, run) = server_mended(&format!("  {before}\n  {reading}"));
        assert!(text.contains(&format!("  {reading}")) && !text.contains("await"), "{text}");
        assert!(run.err.contains("could go on with the one before"), "{}{}", run.out, run.err);
    }
    let (text, _) = server_mended(&format!("  const out = []; // all\n  {reading}"));
    assert!(
        text.contains("\n  (await fs.promises.readFile(String(req.query.a), 'utf8')).split(',').forEach"),
        "{text}"
    );
    let (text, _) = server_mended(&format!("  const out = {{}}\n  {reading}"));
    assert!(
        text.contains("\n  ;(await fs.promises.readFile(String(req.query.a), 'utf8')).split(',').forEach"),
        "{text}"
    );
    let (text, _) =
        server_mended("  const a = 1\n  const names =\n    fs.readFileSync(String(req.query.a), 'utf8').split(',')\n  res.json(names)\n");
    assert!(
        text.contains("=\n    (await fs.promises.readFile(String(req.query.a), 'utf8')).split(',')"),
        "{text}"
    );
}

#[test]
fn only_functions_that_are_there_are_called() {
    for call in [
        "fs.writeSync(Number(req.query.a), 'x')",
        "fs.fsyncSync(Number(req.query.a))",
        "fs.readFileSync(0, 'utf8')",
        "fs.readFileSync(fd)",
    ] {
        let (text, _) = server_mended(&format!("  const fd = 3;\n  const got = {call};\n  res.json(got);\n"));
        assert!(text.contains(call), "{text}");
    }
    let (text, _) = server_mended("  const got = fs.readFileSync(String(req.query.a));\n  res.json(got);\n");
    assert!(text.contains("await fs.promises.readFile("), "{text}");
}

#[test]
fn nothing_is_awaited_outside_of_a_function_s_own_statements() {
    let head = "import time\n\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/\")\n";
    for body in [
        "async def root(x=time.sleep(1)):\n    return x\n",
        "async def root(x: time.sleep(1) = 2):\n    return x\n",
        "async def root():\n    class Held:\n        x = time.sleep(1)\n\n    return Held\n",
        "async def root():\n    async def inner(x=time.sleep(1)):\n        return x\n\n    return await inner()\n",
        "async def root():\n    x: time.sleep(1) = 2\n    return x\n",
        "async def root():\n    @time.sleep(1)\n    def inner():\n        return 1\n\n    return inner\n",
    ] {
        let (text, _) = mended(&[("a.py", &format!("{head}{body}"))], "a.py");
        assert!(text.ends_with(body), "{text}");
    }
    let (text, _) = mended(
        &[("a.py", &format!("{head}async def root():\n    if True:\n        time.sleep(1)\n"))],
        "a.py",
    );
    assert!(text.contains("        await asyncio.sleep(1)\n"), "{text}");
    let (text, _) = server_mended("  class Held {\n    names = fs.readdirSync('a');\n  }\n  res.json(new Held());\n");
    assert!(!text.contains("await"), "{text}");
}

#[test]
fn a_lock_that_is_held_makes_waiting_unsafe() {
    let server = "import threading\nimport time\n\nfrom fastapi import FastAPI\n\napp = FastAPI()\nlock = threading.Lock()\n\n\n@app.get(\"/\")\nasync def root():\n    lock.acquire()\n    try:\n        time.sleep(2)\n    finally:\n        lock.release()\n";
    let folder = tree(&[("a.py", server)]);
    let run = fix(folder.path(), &[]);
    assert_eq!(run.out, "");
    assert!(run.err.contains("with --unsafe"), "{}", run.err);
    let run = fix(folder.path(), &["--unsafe"]);
    assert!(run.out.contains("+        await asyncio.sleep(2)"), "{}{}", run.out, run.err);
    let waited = server.replace("threading", "asyncio").replace("lock.acquire", "await lock.acquire");
    let folder = tree(&[("a.py", &waited)]);
    let run = fix(folder.path(), &[]);
    assert!(run.out.contains("+        await asyncio.sleep(2)"), "{}{}", run.out, run.err);
}

#[test]
fn a_module_that_a_function_calls_otherwise_is_not_imported() {
    let head = "import time\n\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/\")\n";
    for body in [
        "async def root():\n    time.sleep(1)\n    import asyncio\n    asyncio.sleep\n",
        "async def root():\n    for asyncio in range(3):\n        time.sleep(1)\n",
        "async def root():\n    a, asyncio = 1, 2\n    time.sleep(1)\n",
        "async def root():\n    with open(\"a\") as asyncio:\n        pass\n    time.sleep(1)\n",
    ] {
        for first in ["", "import asyncio\n"] {
            let (text, _) = mended(&[("a.py", &format!("{first}{head}{body}"))], "a.py");
            assert!(text.contains("time.sleep(1)\n") && !text.contains("await asyncio"), "{text}");
        }
    }
}
