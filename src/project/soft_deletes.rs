//! Models whose rows are marked as deleted in place of being removed: their library asks for the others only, and removes by an update.

use std::sync::Arc;

use super::graph::QuerySite;
use super::schema::{Schema, SchemaModel, Table, Trait};
use crate::statement::{ColumnUse, Filter, FilterKind, Operation};

/// Adds what the libraries do with the statements of such models at the sites.
pub(super) fn apply(schema: &Schema, sites: &mut [QuerySite]) {
    if schema.models.iter().all(|model| model.deleted_by.is_none()) {
        return;
    }
    for site in sites.iter_mut().filter(|site| !site.query.with_deleted) {
        let Some((model, table)) = marked(schema, site) else { continue };
        let Some(field) = model.deleted_by.as_deref() else { continue };
        let operation = site.query.statement.operation;
        let marks = model.tool.is_some_and(|tool| tool.has(Trait::RemovesByMarking));
        if operation != Operation::Select && !(marks && matches!(operation, Operation::Update | Operation::Delete)) {
            continue;
        }
        let statement = &mut Arc::make_mut(&mut site.query).statement;
        if operation == Operation::Delete {
            statement.operation = Operation::Update;
        }
        let column = table.column_name(field).to_owned();
        if statement.filters.iter().any(|filter| filter.column.column == column) {
            continue;
        }
        let column = ColumnUse { table: Some(0), column };
        let literal = Some("NULL".to_owned());
        statement.filters.push(Filter::new(column, FilterKind::Equality, literal, false));
    }
}

/// The model of a site's first table, where its library marks rows as deleted.
fn marked<'s>(schema: &'s Schema, site: &QuerySite) -> Option<(&'s SchemaModel, &'s Table)> {
    let name = site.query.table()?;
    let model = schema.model(name).filter(|model| model.deleted_by.is_some())?;
    let is_its = model.tool.is_some_and(|tool| tool.library() == site.query.library);
    let table = schema.tables.get(model.table).filter(|_| is_its)?;
    Some((model, table))
}

#[cfg(test)]
mod tests {
    use crate::project::Project;
    use crate::statement::Operation;
    use crate::syntax::facts::extract;
    use crate::walk::FileKind;

    const MODEL: &str = "import { DataTypes, Model } from 'sequelize';
export class Crate extends Model {}
Crate.init({ shelfId: DataTypes.INTEGER, deletedAt: DataTypes.DATE }, { sequelize, paranoid: true, tableName: 'Crates' });
";

    const ENTITY: &str = "import { Column, DeleteDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity()
export class Shelf {
  @PrimaryGeneratedColumn() id: number;
  @Column() roomId: number;
  @DeleteDateColumn() deletedAt: Date;
}
";

    /// The statements of some code: what each does, and how many of its conditions are for rows without a value.
    fn seen(code: &str) -> Vec<(Operation, usize)> {
        let files = [("models/crate.ts", MODEL), ("models/shelf.ts", ENTITY), ("src/use.ts", code)];
        let facts = files.map(|(path, text)| extract(path, FileKind::of(path).expect("a kind"), text));
        let project = Project::link(facts.into());
        let sites = project.graph.sites.iter().map(|site| {
            let filters = site.query.statement.filters.iter();
            let empty = filters.filter(|filter| filter.literal.as_deref() == Some("NULL"));
            (site.query.statement.operation, empty.count())
        });
        sites.collect()
    }

    #[test]
    fn a_model_that_marks_rows_asks_for_the_others() {
        let head = "import { Crate } from '../models/crate';\nexport async function run(id: number) {\n";
        let code = format!(
            "{head} await Crate.findAll({{ where: {{ shelfId: id }} }}); await Crate.destroy({{ where: {{ shelfId: id }} }});
 await Crate.findAll({{ where: {{ shelfId: id }}, paranoid: false }}); await Crate.destroy({{ where: {{ shelfId: id }}, force: true }});
}}"
        );
        let wanted = [
            (Operation::Select, 1),
            (Operation::Update, 1),
            (Operation::Select, 0),
            (Operation::Delete, 0),
        ];
        assert_eq!(seen(&code), wanted);
    }

    #[test]
    fn an_entity_with_a_date_of_deletion_does_so_unless_it_is_told_otherwise() {
        let head = "import { Repository } from 'typeorm';\nimport { Shelf } from '../models/shelf';\n";
        let code = format!(
            "{head}export async function run(shelves: Repository<Shelf>, roomId: number) {{
 await shelves.find({{ where: {{ roomId }} }}); await shelves.find({{ where: {{ roomId }}, withDeleted: true }});
 await shelves.createQueryBuilder('s').where('s.roomId = :roomId', {{ roomId }}).getMany();
 await shelves.createQueryBuilder('s').withDeleted().where('s.roomId = :roomId', {{ roomId }}).getMany();
 await shelves.delete({{ roomId }}); await shelves.softDelete({{ roomId }});
}}"
        );
        let wanted = [
            (Operation::Select, 1),
            (Operation::Select, 0),
            (Operation::Select, 1),
            (Operation::Select, 0),
            (Operation::Delete, 0),
            (Operation::Update, 0),
        ];
        assert_eq!(seen(&code), wanted);
    }
}
