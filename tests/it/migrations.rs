//! What migrations make is in the schema, whichever tool's words they are written in.

use crate::doors::found;

/// A migration's own function makes the indexes of its calls.
#[test]
fn indexes_that_a_migration_makes_through_a_helper_are_there() {
    let migration = |helper: &str, call: &str| {
        format!(
            "module.exports = {{\n  async up(queryInterface) {{\n{helper}    await queryInterface.sequelize.query(`CREATE TABLE barns (id SERIAL PRIMARY KEY)`);\n    await queryInterface.sequelize.query(`CREATE TABLE goats (id SERIAL PRIMARY KEY, barn_id INTEGER REFERENCES barns(id))`);\n{call}  }},\n}};\n"
        )
    };
    let lacks = |helper: &str, call: &str| {
        let files = [("migrations/20260101-farm.js", migration(helper, call))];
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        !found("unindexed-foreign-key", &files).is_empty()
    };
    let helper = "    const addIndex = async (name, table, columns) => {\n      await queryInterface.sequelize.query(`CREATE INDEX IF NOT EXISTS ${name} ON ${table}(${columns});`);\n    };\n";
    assert!(lacks("", ""));
    assert!(lacks(helper, ""), "nobody calls it");
    assert!(!lacks(helper, "    await addIndex('ix_goats_barn', 'goats', 'barn_id');\n"));
    assert!(lacks(helper, "    await addIndex('ix_goats_id', 'goats', 'id');\n"));
    let given = "    await index(queryInterface, 'goats', 'barn_id');\n";
    let outside = format!(
        "{}\nasync function index(qi, table, column) {{\n  await qi.addIndex(table, [column]);\n}}\n",
        migration("", given)
    );
    assert!(found("unindexed-foreign-key", &[("migrations/20260101-farm.js", &outside)]).is_empty());
}

/// Every usual form of node-pg-migrate's indexes and constraints.
#[test]
fn the_indexes_of_node_pg_migrate_are_there() {
    let lacks = |more: &str| {
        let text = format!(
            "exports.up = (pgm) => {{\n  pgm.createTable('barns', {{ id: 'id', place: 'text' }});\n  pgm.createTable({{ schema: 'public', name: 'goats' }}, {{\n    id: {{ type: 'uuid', primaryKey: true }},\n    barn_id: {{ type: 'integer', notNull: true, references: '\"barns\"' }},\n  }});\n{more}}};\nexports.down = (pgm) => {{ pgm.dropTable('goats'); }};\n"
        );
        !found("unindexed-foreign-key", &[("migrations/1600000000000_farm.js", &text)]).is_empty()
    };
    for none in [
        "",
        "  pgm.createIndex('goats', ['id', 'barn_id']);\n",
        "  pgm.createIndex('barns', 'place');\n",
        "  pgm.createIndex('goats', 'barn_id');\n  pgm.dropIndex('goats', 'barn_id');\n",
        "  pgm.addConstraint('goats', 'one', { unique: ['id', 'barn_id'] });\n",
    ] {
        assert!(lacks(none), "{none}");
    }
    for index in [
        "  pgm.createIndex('goats', 'barn_id');\n",
        "  pgm.createIndex('goats', ['barn_id', { name: 'id', sort: 'DESC' }], { name: 'ix', method: 'btree' });\n",
        "  pgm.addConstraint('goats', 'one', { unique: ['barn_id', 'id'] });\n",
        "  pgm.addConstraint('goats', 'one', 'UNIQUE(barn_id, id)');\n",
        "  pgm.sql('CREATE INDEX ix ON goats (barn_id)');\n",
        "  pgm.dropColumns('goats', ['barn_id']);\n",
    ] {
        assert!(!lacks(index), "{index}");
    }
}

/// Sequelize takes quotes off a name before it quotes it itself.
#[test]
fn a_quoted_table_of_sequelize_is_the_table() {
    let lacks = |table: &str| {
        let text = format!(
            "module.exports = {{\n  up: async (queryInterface, Sequelize) => {{\n    await queryInterface.createTable('Barns', {{ id: {{ type: Sequelize.INTEGER, primaryKey: true }} }});\n    await queryInterface.createTable('Goats', {{ id: {{ type: Sequelize.INTEGER, primaryKey: true }}, barnId: {{ type: Sequelize.INTEGER, references: {{ model: 'Barns', key: 'id' }} }} }});\n    await queryInterface.addIndex('{table}', ['barnId']);\n  }},\n}};\n"
        );
        !found("unindexed-foreign-key", &[("migrations/20260101-farm.js", &text)]).is_empty()
    };
    assert!(!lacks("Goats"));
    assert!(!lacks("\"Goats\""));
    assert!(lacks("Barns"));
}
