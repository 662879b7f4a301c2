//! Names of new indexes: within the length that the database and the tool keep, and not taken.

use std::collections::BTreeSet;

use crate::fix::remedy::LackingIndex;
use crate::project::Project;
use crate::project::schema::{SchemaModel, Table, Tool};

/// Bytes of a name that `PostgreSQL` keeps; `MySQL` keeps one more.
const LONGEST: usize = 63;

/// The names that are taken: in `PostgreSQL` and `SQLite` an index shares them with tables and indexes of other tables.
pub struct TakenNames {
    taken: BTreeSet<String>,
}

impl TakenNames {
    /// Those of a project.
    pub fn of(project: &Project) -> TakenNames {
        let tables = &project.schema.tables;
        let indexes = tables
            .iter()
            .flat_map(|table| &table.indexes)
            .filter_map(|index| index.name.as_deref());
        let tables = tables.iter().map(|table| table.name.as_str());
        TakenNames {
            taken: indexes.chain(tables).map(str::to_lowercase).collect(),
        }
    }

    /// A name for an index, which is taken from now on: the first of those that tell most that fits.
    pub fn give(&mut self, (table, model): (&Table, Option<&SchemaModel>), lack: &LackingIndex, tool: Tool) -> String {
        let columns = lack.columns.join("_");
        let plain = |text: String| -> String { text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect() };
        let form = tool.index();
        let longest = form.and_then(|form| form.longest_name).unwrap_or(LONGEST);
        let full = match form.and_then(|form| form.own_name) {
            Some(own) => plain(own(&table.name, &columns)),
            None => plain(format!("ix_{}_{columns}", table.name).to_lowercase()),
        };
        let short = model.filter(|_| form.is_some_and(|form| form.is_named_by_model));
        let short = short.map(|model| plain(format!("ix_{}_{columns}", model.name).to_lowercase()));
        let hashes = (0..100).map(|turn| hashed(&full, longest, turn));
        let mut names = std::iter::once(full.clone())
            .chain(short)
            .filter(|name| name.len() <= longest)
            .chain(hashes);
        let name = names
            .find(|name| !self.taken.contains(&name.to_lowercase()))
            .unwrap_or(full.clone());
        self.taken.insert(name.to_lowercase());
        name
    }
}

/// The start of a text and a hash of all of it.
fn hashed(text: &str, longest: usize, turn: u32) -> String {
    let hash = xxhash_rust::xxh3::xxh3_64(format!("{turn}{text}").as_bytes());
    let start = text.get(..text.len().min(longest - 7)).unwrap_or(text);
    format!("{}_{:06x}", start.trim_end_matches('_'), hash & 0xff_ffff)
}
