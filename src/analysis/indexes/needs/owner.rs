//! The instance whose rows a relation's query asks for, and the column that holds it.

use super::{IndexNeed, StatementView};
use crate::project::schema::Table;

impl StatementView<'_> {
    /// `order.lines.get(kind=…)` compares the key of the order too. `false` where the rows are found through a third table: that
    /// leaves few of them.
    pub(super) fn owned(&self, at: usize, table: &Table, need: &mut IndexNeed) -> bool {
        let Some(name) = self.owner.filter(|_| at == 0) else { return true };
        // Which key it is must be certain: an order or a range alone would be one of all rows.
        let key = self.key_of_owner(table, name);
        let is_known = key.is_some();
        need.equal.extend(key);
        is_known
    }

    /// Whether the rows of one instance are asked for: `order.lines.filter(…)`.
    pub fn has_owner(&self) -> bool {
        self.owner.is_some()
    }

    /// The column that holds that instance: `order_id`. `None` where it is not certain, or where a third table holds both.
    pub fn owner_key(&self) -> Option<String> {
        self.table(0)
            .zip(self.owner)
            .and_then(|(table, name)| self.key_of_owner(table, name))
    }

    fn key_of_owner(&self, table: &Table, name: &str) -> Option<String> {
        let models = table.models.iter().filter_map(|&model| self.schema.models.get(model));
        let mut backs = models
            .flat_map(|model| &model.relations)
            .filter(|back| back.inverse.as_deref() == Some(name))
            .map(|back| back.fields.first().filter(|_| !back.to_many));
        let field = backs.next()??;
        let is_certain = backs.all(|other| other == Some(field));
        is_certain.then(|| table.column_name(field).to_owned())
    }
}
