//! How the passes of a loop follow each other, as findings say it.

use perfaudit::finding::Finding;

use crate::doors::found;

/// The one finding on a loop with this text around an update by the driver of MongoDB.
fn of_loop(text: &str) -> Finding {
    let code = format!(
        "import {{ MongoClient }} from 'mongodb';\n\nconst db = new MongoClient(process.env.URL).db();\nconst goats = db.collection('goats');\n\nasync function save(goat) {{\n  await goats.updateOne({{ _id: goat._id }}, {{ $set: {{ fed: true }} }});\n}}\n\nexport async function feed(herd) {{\n{text}\n}}\n"
    );
    let mut all = found("unbatched-write", &[("src/feed.js", &code)]);
    assert_eq!(all.len(), 1, "{text}: {all:#?}");
    all.remove(0)
}

/// What a loop starts and nobody waits for does not come one after the other.
#[test]
fn what_nobody_waits_for_is_not_sent_in_turn() {
    let update = "goats.updateOne({ _id: goat._id }, { $set: { fed: true } })";
    for body in [
        format!("  herd.forEach(async (goat) => {{\n    await {update};\n  }});"),
        format!("  herd.forEach((goat) => {{\n    {update};\n  }});"),
        format!("  herd.map(async (goat) => {{\n    await {update};\n  }});"),
        format!("  for (const goat of herd) {{\n    {update};\n  }}"),
        "  for (const goat of herd) {\n    save(goat).catch(console.error);\n  }".to_owned(),
        "  for (const goat of herd) {\n    void save(goat);\n  }".to_owned(),
        "  herd.forEach((goat) => save(goat));".to_owned(),
    ] {
        let one = of_loop(&body);
        assert!(
            one.title.ends_with("all started at once and waited for by nobody"),
            "{body}: {}",
            one.title
        );
        assert!(one.message.contains("Nobody waits for the calls"), "{body}: {}", one.message);
        assert!(one.fix.summary.contains("Wait for that one call"), "{body}: {}", one.fix.summary);
        assert!(one.fix.summary.contains("bulkWrite"), "{body}: {}", one.fix.summary);
    }
    for body in [
        format!("  for (const goat of herd) {{\n    await {update};\n  }}"),
        "  for (const goat of herd) {\n    await save(goat);\n  }".to_owned(),
        "  for (const goat of herd) {\n    const fed = await save(goat);\n  }".to_owned(),
    ] {
        let one = of_loop(&body);
        assert!(one.title.ends_with("one round trip at a time"), "{body}: {}", one.title);
        assert!(!one.fix.summary.contains("Wait for that one call"), "{body}: {}", one.fix.summary);
    }
    for body in [
        "  await Promise.all(herd.map((goat) => save(goat)));",
        "  return herd.map((goat) => save(goat));",
        "  for (const goat of herd) {\n    await weigh(goat);\n    save(goat);\n  }",
        "  const fed = herd.map(async (goat) => {\n    await save(goat);\n  });\n  return waitFor(fed);",
    ] {
        let one = of_loop(body);
        assert!(
            !one.title.contains("at a time") && !one.title.contains("by nobody"),
            "{body}: {}",
            one.title
        );
    }
}

/// A synchronous driver is done with one before it begins the next.
#[test]
fn a_synchronous_driver_writes_in_turn() {
    let code = "import Database from 'better-sqlite3';\n\nconst db = new Database('goats.db');\nconst fed = db.prepare('UPDATE goats SET fed = 1 WHERE id = ?');\n\nexport function feed(herd) {\n  herd.forEach((goat) => {\n    fed.run(goat.id);\n  });\n}\n";
    let all = found("unbatched-write", &[("src/feed.js", code)]);
    assert!(all.iter().all(|one| one.title.ends_with("one round trip at a time")), "{all:#?}");
}
