//! Statements that most elements of a loop are spared: a cache keeps what they ask, or the object brings it.

use perfaudit::finding::{Finding, Priority};

use crate::doors::found;

/// The one finding on a field resolver whose body this is.
fn of_field(body: &str, more: &[(&str, &str)]) -> Finding {
    of_field_with("import { cached } from './cache';", body, more)
}

/// The same, with an import of its own.
fn of_field_with(import: &str, body: &str, more: &[(&str, &str)]) -> Finding {
    let resolvers = format!(
        "import {{ db }} from './db';\n{import}\n\nconst load = async (goat) => db.query('SELECT * FROM notes WHERE goat_id = $1', [goat.id]);\n\nexport const resolvers = {{\n  Query: {{ goats: () => db.query('SELECT * FROM goats LIMIT 50') }},\n  Goat: {{\n    notes: async (goat, args) => {{\n{body}\n    }},\n  }},\n}};\n"
    );
    let db = "import pg from 'pg';\nexport const db = new pg.Pool();\n";
    let schema = "type Query { goats: [Goat!]! }\ntype Goat { notes: [Note!]! }\ntype Note { id: ID! }\n";
    let files = [
        ("server/resolvers.js", resolvers.as_str()),
        ("server/db.js", db),
        ("server/schema.graphql", schema),
    ];
    let files: Vec<(&str, &str)> = files.into_iter().chain(more.iter().copied()).collect();
    let mut all = found("n-plus-one", &files);
    assert_eq!(all.len(), 1, "{body}: {all:#?}");
    all.remove(0)
}

/// What lists put into each object is asked only for those that come from elsewhere.
#[test]
fn what_the_object_may_bring_weighs_less() {
    let plain = of_field("      return load(goat);", &[]);
    assert_eq!(plain.priority, Priority::P2, "{}", plain.reason);
    for body in [
        "      if (goat.notes) return goat.notes;\n      return load(goat);",
        "      if (Array.isArray(goat.notes)) {\n        return goat.notes.map((note) => note);\n      }\n      return load(goat);",
        "      if (typeof goat.notes !== 'undefined') return goat.notes;\n      return load(goat);",
        "      return goat.notes ?? (await load(goat));",
        "      return goat.notes ? goat.notes : load(goat);",
    ] {
        let one = of_field(body, &[]);
        assert_eq!(one.priority, Priority::P3, "{body}: {}", one.reason);
        assert!(
            one.message.contains("only for those that do not bring the answer"),
            "{}",
            one.message
        );
    }
    // Nor do those ask that lack what the field is about.
    let optional = of_field("      if (!goat.noted) return [];\n      return load(goat);", &[]);
    assert_eq!(optional.priority, Priority::P3, "{}", optional.reason);
    // A test of something else, of the key, and a variable of its own, spare nobody anything.
    for body in [
        "      if (goat.hidden) return [];\n      return load(goat);",
        "      if (!goat.id) return [];\n      return db.query('SELECT * FROM notes WHERE goat_id = $1', [goat.id]);",
        "      const notes = await load(goat);\n      if (goat.notes) return goat.notes;\n      return notes;",
        "      let found;\n      if (found) return found;\n      return load(goat);",
    ] {
        let one = of_field(body, &[]);
        assert_eq!(one.priority, Priority::P2, "{body}: {}", one.reason);
    }
}

/// A project's own function that asks its cache before it calls the loader that it is given.
#[test]
fn what_a_helper_loads_where_its_cache_has_nothing_weighs_less() {
    let helper = |body: &str| format!("import {{ redis }} from './redis';\n\nexport async function cached(load, goat) {{\n{body}\n}}\n");
    let reads = helper(
        "  const known = await redis.get(goat.id).catch(() => null);\n  if (known != null) {\n    return JSON.parse(known);\n  }\n  const fresh = await load(goat);\n  await redis.set(goat.id, JSON.stringify(fresh));\n  return fresh;",
    );
    let body = "      return cached(load, goat);";
    let one = of_field(body, &[("server/cache.js", &reads)]);
    assert_eq!(one.priority, Priority::P3, "{}", one.reason);
    assert!(one.message.contains("A cache is asked before"), "{}", one.message);
    // It loads, whatever it knows.
    let refreshes = helper("  const fresh = await load(goat);\n  await redis.set(goat.id, JSON.stringify(fresh));\n  return fresh;");
    let one = of_field(body, &[("server/cache.js", &refreshes)]);
    assert_eq!(one.priority, Priority::P2, "{}", one.reason);
}

/// What an object keeps itself it has asked for first; what others put into it they have asked for.
#[test]
fn an_object_that_keeps_its_own_answer_still_asks_once() {
    let priority = |definition: &str, call: &str| {
        let app = format!(
            "from fastapi import FastAPI\nfrom sqlalchemy import select, text\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column\n\napp = FastAPI()\nsession = Session()\n\n\nclass Base(DeclarativeBase): ...\n\n\nclass Goat(Base):\n    __tablename__ = 'goats'\n    id: Mapped[int] = mapped_column(primary_key=True)\n    kept = None\n\n{definition}\n\n\n@app.get('/goats')\ndef goats():\n    return [{call} for goat in session.scalars(select(Goat).limit(50)).all()]\n"
        );
        let all = found("n-plus-one", &[("app.py", &app)]);
        let [one] = all.as_slice() else { panic!("{call}: {all:#?}") };
        one.priority
    };
    let ask = "session.execute(text('SELECT note FROM notes WHERE goat = :goat'))";
    let method = format!("    def notes(self):\n        if self.kept:\n            return self.kept\n        return {ask}");
    let function = format!("\ndef notes(goat):\n    if goat.kept:\n        return goat.kept\n    return {ask}");
    assert_eq!(priority(&method, "goat.notes()"), Priority::P2);
    assert_eq!(priority(&function, "notes(goat)"), Priority::P3);
}

/// What a function asks only for some of the things that it is called for.
#[test]
fn what_runs_under_a_condition_for_each_weighs_less() {
    let at = |body: &str| {
        let more = format!("import {{ db }} from './db';\n\nexport async function older(goat, args) {{\n{body}\n}}\n");
        of_field_with(
            "import { older } from './older';",
            "      return older(goat, args);",
            &[("server/older.js", more.as_str())],
        )
    };
    let query = "db.query('SELECT * FROM notes WHERE goat_id = $1', [goat.id])";
    for body in [
        format!("  let notes = [];\n  if (goat.kind === 'billy') {{\n    notes = await {query};\n  }}\n  return notes;"),
        format!("  return args.fields.includes('notes') && (await {query});"),
    ] {
        let one = at(&body);
        assert_eq!(one.priority, Priority::P3, "{body}: {}", one.reason);
        assert!(one.message.contains("under a condition"), "{body}: {}", one.message);
    }
    // Both branches ask, or the test only asks whether something is there.
    for body in [
        format!("  if (goat.kind === 'billy') {{\n    return {query};\n  }} else {{\n    return {query};\n  }}"),
        format!("  let notes = [];\n  if (goat.herd) {{\n    notes = await {query};\n  }}\n  return notes;"),
    ] {
        let one = at(&body);
        assert_eq!(one.priority, Priority::P2, "{body}: {}", one.reason);
    }
}
