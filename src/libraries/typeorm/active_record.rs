//! Entities that load and write themselves: `User.find()`, `user.save()` of a class that extends `BaseEntity`.

use crate::ir::{Call, ClassId, ExprId};
use crate::libraries::shared::objects;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::statement::{FilterKind, Operation, RowLimit};

/// The entity whose static methods a receiver has: its class, or `this` in one of them.
pub(super) fn class(resolver: &dyn Resolver, file: FileId, receiver: ExprId) -> Option<(String, RowModel)> {
    let is_own = resolver.module(file).name(receiver) == Some("self");
    let (at, class) = match resolver.value(file, receiver) {
        Value::Class(at, class) => (at, class),
        Value::Instance(at, class) if is_own => (at, class),
        _ => return None,
    };
    is_entity(resolver, at, class).then(|| Some((name(resolver, at, class)?, RowModel::Class(at, class))))?
}

/// `user.save()`, `user.remove()`: what a row does with itself.
pub(super) fn own(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> Option<Query> {
    let method = call.method()?;
    if !matches!(method, "save" | "remove" | "softRemove" | "recover" | "reload") {
        return None;
    }
    let (at, class, is_new) = row(resolver, file, call.receiver()?)?;
    let mut query = Query {
        library: "typeorm",
        executed: true,
        outcome: Outcome::Nothing,
        ..Query::default()
    };
    query.statement.tables.push(objects::table(name(resolver, at, class)?));
    query.statement.operation = match method {
        "save" if is_new => Operation::Insert,
        "remove" => Operation::Delete,
        "reload" => Operation::Select,
        _ => Operation::Update,
    };
    if query.statement.operation == Operation::Select {
        query.outcome = Outcome::One;
        query.statement.limit = RowLimit::One;
    }
    if query.statement.operation != Operation::Insert {
        query.statement.filters.push(objects::by_key(FilterKind::Equality, false));
    }
    Some(query)
}

/// The entity whose row an expression holds, and whether it is new: `new User()`, `User.create({ … })`, a row of a query, `this`.
fn row(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<(FileId, ClassId, bool)> {
    let (at, definition) = resolver.definition(file, expr).unwrap_or((file, expr));
    let made = resolver.module(at).call(definition);
    let created = made.filter(|made| made.method() == Some("create")).and_then(|made| made.receiver());
    let (owner, class) = match created.map(|class| resolver.value(at, class)) {
        Some(Value::Class(owner, class)) => (owner, class),
        _ => match resolver.value(file, expr) {
            Value::Instance(owner, class) | Value::Row(RowModel::Class(owner, class), _) => (owner, class),
            _ => return None,
        },
    };
    let is_new = created.is_some() || made.is_some_and(|made| made.is_new);
    is_entity(resolver, owner, class).then_some((owner, class, is_new))
}

fn is_entity(resolver: &dyn Resolver, file: FileId, class: ClassId) -> bool {
    resolver.ancestors(file, class).iter().any(|name| name == "typeorm.BaseEntity")
}

fn name(resolver: &dyn Resolver, file: FileId, class: ClassId) -> Option<String> {
    let module = resolver.module(file);
    module.class(class).name.map(|name| module.str(name).to_owned())
}

#[cfg(test)]
mod tests {
    use crate::libraries::testing::queries;
    use crate::statement::Operation;

    const HEAD: &str = "import { BaseEntity, Entity } from 'typeorm';\n@Entity() class User extends BaseEntity { id: number;
        static old() { return this.find({ where: { old: true } }); } async rename() { await this.save(); } }\n";

    #[test]
    fn entities_load_and_write_themselves() {
        let found = queries(
            &format!(
                "{HEAD}const user = await User.findOneBy({{ id }}); await user.remove(); await User.delete({{ id }});
                 const made = User.create({{ id }}); await made.save(); for (const one of await User.find()) {{ await one.save(); }}"
            ),
            &[],
        );
        let seen: Vec<_> = found
            .iter()
            .map(|query| (query.statement.operation, query.statement.filters.len()))
            .collect();
        assert_eq!(
            seen,
            [
                (Operation::Select, 1),
                (Operation::Update, 1),
                (Operation::Select, 1),
                (Operation::Delete, 1),
                (Operation::Delete, 1),
                (Operation::Insert, 0),
                (Operation::Select, 0),
                (Operation::Update, 1)
            ]
        );
        assert!(found.iter().all(|query| query.executed && query.table() == Some("User")));
    }

    #[test]
    fn near_misses() {
        let other = "import { BaseEntity, Entity } from 'typeorm'; class Draft { save() {} remove() {} static find() {} }
            const draft = new Draft(); draft.save(); draft.remove(); Draft.find(); canvas.save(); @Entity() class Row {} Row.find(); new Row().save();
            class Kept extends BaseEntity { save() { return keep(this); } } const kept = new Kept(); kept.save();";
        assert_eq!(queries(other, &[]), []);
    }
}
