//! Statements that most elements of a loop are spared: a cache keeps what they ask, or the object brings it.

use perfaudit::finding::{Finding, Priority};

use crate::doors::found;

/// The one finding on a field resolver whose body this is.
fn of_field(body: &str, more: &[(&str, &str)]) -> Finding {
    let resolvers = format!(
        "import {{ db }} from './db';\nimport {{ cached }} from './cache';\n\nconst load = async (goat) => db.query('SELECT * FROM notes WHERE goat_id = $1', [goat.id]);\n\nexport const resolvers = {{\n  Query: {{ goats: () => db.query('SELECT * FROM goats LIMIT 50') }},\n  Goat: {{\n    notes: async (goat, args) => {{\n{body}\n    }},\n  }},\n}};\n"
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
    // A test of something else, and a variable of its own, spare nobody anything.
    for body in [
        "      if (goat.hidden) return [];\n      return load(goat);",
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
