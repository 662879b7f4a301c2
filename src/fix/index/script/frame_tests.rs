use super::*;
use crate::syntax::facts;
use crate::walk::FileKind;

fn frame(path: &str, text: &str) -> Option<Frame> {
    let facts = facts::extract(path, FileKind::of(path).expect("a kind"), text);
    of_text(facts.module.as_ref().expect("a module"), text)
}

/// A file with statements of its own in both bodies.
fn filled(path: &str, text: &str) -> Option<String> {
    let frame = frame(path, text)?;
    let name = StepName::of("20240101000001-index-a.js").expect("a name");
    let (up, down) = (format!("{}.make(\n  1,\n)", frame.up), format!("{}.drop()", frame.down));
    Some(frame.with(&[up], &[down], None, &name).expect("a file"))
}

#[test]
fn functions_of_any_form_get_other_bodies() {
    for (path, text, wanted) in [
        (
            "a.js",
            "// Why it is so.\n'use strict';\nexports.up = function (knex) {\n  return knex.x();\n};\n\nexports.down = (knex) => {};\n",
            "exports.up = function (knex) {\n  return knex.make(\n    1,\n  );\n};\n\nexports.down = (knex) => {\n  return knex.drop();\n};\n",
        ),
        (
            "a.js",
            "'use strict';\n\nconst { DataTypes } = require('sequelize');\n\n/** @type {import('x').Step} */\nmodule.exports = {\n  async up(q, Sequelize) {\n    const { a } = DataTypes;\n  },\n\n  down: async (q) => {\n    await q.x({ a: '}' });\n  },\n};\n",
            "'use strict';\n\n/** @type {import('x').Step} */\nmodule.exports = {\n  async up(q, Sequelize) {\n    await q.make(\n      1,\n    );\n  },\n\n  down: async (q) => {\n    await q.drop();\n  },\n};\n",
        ),
        (
            "a.ts",
            "import { type Kysely, sql } from 'kysely'\nimport fs from 'fs'\n\nexport const down = async (db: Kysely<any>): Promise<void> => {}\n\nexport async function up(db: Kysely<any>): Promise<void> {\n  await db.x(fs, sql`a`)\n}\n",
            "import { type Kysely } from 'kysely'\n\nexport const down = async (db: Kysely<any>): Promise<void> => {\n  await db.drop()\n}\n\nexport async function up(db: Kysely<any>): Promise<void> {\n  await db.make(\n    1,\n  )\n}\n",
        ),
        (
            "a.js",
            "const env = require('./env')\n\nconst has = env.a === 'b'\n\nasync function up(knex) {\n  if (has) { await knex.x() }\n}\n\nasync function down(knex) {}\n\nmodule.exports = { up, down }\n",
            "async function up(knex) {\n  await knex.make(\n    1,\n  )\n}\n\nasync function down(knex) {\n  await knex.drop()\n}\n\nmodule.exports = { up, down }\n",
        ),
        (
            "a.ts",
            "const up = async ({ context: q }) => {\n  await q.x()\n}\nconst down = async ({ context: q }) => {\n  await q.y()\n}\n\nexport { up, down }\n",
            "const up = async ({ context: q }) => {\n  await q.make(\n    1,\n  )\n}\nconst down = async ({ context: q }) => {\n  await q.drop()\n}\n\nexport { up, down }\n",
        ),
        (
            "a.js",
            "module.exports = class Start1 {\n    name = 'Start1'\n\n    async up(q) {\n    }\n\n    async down(q) {\n    }\n}\n",
            "module.exports = class IndexA20240101000001 {\n    name = 'IndexA20240101000001'\n\n    async up(q) {\n        await q.make(\n          1,\n        )\n    }\n\n    async down(q) {\n        await q.drop()\n    }\n}\n",
        ),
    ] {
        assert_eq!(filled(path, text).as_deref(), Some(wanted), "{text}");
    }
}

#[test]
fn what_a_new_file_would_not_have_is_no_form() {
    for text in [
        "exports.up = wrap(async (knex) => {\n  x()\n});\nexports.down = async (knex) => {};\n",
        "exports.up = (knex) => knex.schema.dropTable('a');\nexports.down = async (knex) => {};\n",
        "exports.up = async (knex) => {};\n",
        "exports.up = async (knex) => {};\nexports.down = async () => {};\n",
        "const type = 'a';\nexports.up = async (knex, of = type) => {};\nexports.down = async (knex) => {};\n",
        "module.exports = { up: async (q) => {}, down: async (q) => {}, more: 1 };\n",
        "module.exports = class A1 {\n  help() {}\n  async up(q) {}\n  async down(q) {}\n};\n",
        "async function up(q) {}\nasync function down(q) {}\n",
    ] {
        assert!(frame("a.js", text).is_none(), "{text}");
    }
}

#[test]
fn what_wants_no_transaction_says_so() {
    let class = "export class A1 implements M {\n    name = \"A1\";\n\n    async up(q: Q) {\n    }\n\n    async down(q: Q) {\n    }\n}\n";
    let member = |text: &str| {
        let frame = frame("a.ts", text).expect("a form").with_member("transaction = false");
        frame.parts[0].clone()
    };
    let named = "export class A1 implements M {\n    name = \"A1\";\n    transaction = false;\n\n    async up(q: Q) {";
    assert_eq!(member(class), named);
    let bare = class.replace("    name = \"A1\";\n\n", "");
    assert!(member(&bare).starts_with("export class A1 implements M {\n    transaction = false\n\n    async up"));
    assert_eq!(
        member(&class.replace("\n\n    async up", "\n    transaction = false;\n\n    async up")),
        named
    );
    for (text, wanted) in [
        (
            "exports.up = async (k) => {};\nexports.down = async (k) => {};\n",
            "\n\nexports.config = 1;\n",
        ),
        (
            "export async function up(k) {}\nexport async function down(k) {}\n",
            "\n\nexport const config = 1\n",
        ),
        (
            "module.exports = { async up(k) {}, async down(k) {} }\n",
            "\n\nmodule.exports.config = 1\n",
        ),
    ] {
        let frame = frame("a.js", text).expect("a form").with_export("config", "1");
        assert!(frame.parts[2].ends_with(wanted), "{:?}", frame.parts[2]);
    }
}

#[test]
fn lines_end_as_they_did() {
    let text = "exports.up = async (k) => {\r\n\tawait k.x()\r\n}\r\n\r\nexports.down = async (k) => {\r\n}\r\n";
    let wanted = "exports.up = async (k) => {\r\n\tawait k.make(\r\n\t  1,\r\n\t)\r\n}\r\n\r\nexports.down = async (k) => {\r\n\tawait k.drop()\r\n}\r\n";
    assert_eq!(filled("a.js", text).as_deref(), Some(wanted));
}
