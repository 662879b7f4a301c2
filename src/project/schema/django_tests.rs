//! Django's migrations, replayed through the linked project.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing has failed")]

use super::code_tests::{keys, schema};

const HEAD: &str = "from django.conf import settings\nfrom django.db import migrations, models\nimport django.db.models.deletion\n\nclass Migration(migrations.Migration):\n";

fn migration(body: &str) -> String {
    format!("{HEAD}{body}")
}

fn shop_initial() -> String {
    migration(
        r#"
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name="Tag",
            fields=[("id", models.AutoField(primary_key=True)), ("slug", models.SlugField())],
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("number", models.CharField(max_length=20, unique=True)),
                ("note", models.CharField(max_length=20)),
                ("buyer", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
                ("tags", models.ManyToManyField(to="shop.Tag")),
            ],
            options={"ordering": ["-id"], "unique_together": {("buyer", "note")}},
        ),
    ]
"#,
    )
}

#[test]
fn operations_add_up_in_the_order_of_their_dependencies() {
    // The names run against the dependencies on purpose.
    let second = migration(
        r#"
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AddField(model_name="order", name="state", field=models.CharField(max_length=5, db_index=True)),
        migrations.AddIndex(model_name="order", index=models.Index(fields=["buyer", "-state"], name="buyer_state")),
        migrations.AlterField(model_name="Order", name="note", field=models.CharField(max_length=99, db_index=True)),
        migrations.AddConstraint(model_name="order", constraint=models.UniqueConstraint(fields=["state"], condition=models.Q(note=""), name="one_open")),
    ]
"#,
    );
    let third = migration(
        r#"
    dependencies = [("shop", "0003_more")]
    operations = [
        migrations.AlterUniqueTogether(name="order", unique_together=set()),
        migrations.RemoveIndex(model_name="order", name="buyer_state"),
        migrations.RenameField(model_name="order", old_name="buyer", new_name="customer"),
        migrations.RenameModel(old_name="Order", new_name="Purchase"),
        migrations.AlterField(model_name="purchase", name="note", field=models.CharField(max_length=99)),
        migrations.RemoveField(model_name="purchase", name="state"),
        migrations.RunSQL([("CREATE INDEX CONCURRENTLY by_hand ON shop_purchase (note, number)", None)], migrations.RunSQL.noop),
    ]
"#,
    );
    let schema = schema(&[
        ("shop/migrations/0001_initial.py", &shop_initial()),
        ("shop/migrations/0003_more.py", &second),
        ("shop/migrations/0002_less.py", &third),
    ]);
    assert!(schema.table("shop_order").is_none(), "it was renamed");
    let table = schema.table("shop_purchase").unwrap();
    assert_eq!(keys(table), ["customer_id", "note, number", "u:id", "u:number"]);
    assert!(!table.open && !table.phantom);
    assert_eq!(table.foreign_keys[0].columns, ["customer_id"]);
    let link = schema.table("shop_purchase_tags").unwrap();
    assert_eq!(keys(link), ["tag_id", "u:id", "u:order_id, tag_id"]);
    assert_eq!(link.foreign_keys[1].target, "shop_tag");
    assert_eq!(keys(schema.table("shop_tag").unwrap()), ["slug", "u:id"]);
    let blocked: Vec<&str> = schema
        .builds
        .iter()
        .filter(|build| build.table_existed && !build.index.concurrently)
        .map(|build| build.index.keys[0].column.as_str())
        .collect();
    assert_eq!(blocked, ["state", "buyer_id", "note", "state"], "none of the first migration");
}

#[test]
fn the_database_and_the_models_can_change_apart() {
    let moved_out = migration(
        r#"
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.AlterModelTable("Tag", "label_label")],
            state_operations=[migrations.DeleteModel("Tag")],
        ),
    ]
"#,
    );
    let moved_in = migration(
        r#"
    dependencies = [("shop", "0002_move")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.CreateModel(name="Label", fields=[("id", models.AutoField(primary_key=True)), ("slug", models.SlugField())])],
        ),
        AddIndexConcurrently("label", models.Index(fields=["slug", "id"], name="slug_id")),
        migrations.AlterField("label", "slug", models.SlugField(db_index=False)),
    ]
"#,
    );
    let schema = schema(&[
        ("label/migrations/0001_initial.py", &moved_in),
        ("shop/migrations/0001_initial.py", &shop_initial()),
        ("shop/migrations/0002_move.py", &moved_out),
    ]);
    assert!(schema.table("shop_tag").is_none());
    assert_eq!(keys(schema.table("label_label").unwrap()), ["slug, id", "u:id"]);
    assert!(schema.builds.iter().all(|build| build.index.concurrently));
}

#[test]
fn squashed_migrations_stand_for_their_parts_only_when_those_are_gone() {
    let squashed = migration(
        r#"
    replaces = [("shop", "0001_initial"), ("shop", "0002_gone")]
    operations = [migrations.CreateModel(name="Order", fields=[("id", models.AutoField(primary_key=True)), ("at", models.DateField(db_index=True))])]
"#,
    );
    let after = migration(
        r#"
    dependencies = [("shop", "0002_gone")]
    operations = [migrations.AddField("order", "kind", models.IntegerField(unique=True))]
"#,
    );
    let files = [
        ("shop/migrations/0001_initial.py", shop_initial()),
        ("shop/migrations/0001_squashed_0002_gone.py", squashed),
        ("shop/migrations/0003_after.py", after),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let built = schema(&files);
    assert_eq!(keys(built.table("shop_order").unwrap()), ["at", "u:id", "u:kind"]);
    assert!(built.table("shop_tag").is_none());
}

#[test]
fn an_app_can_have_a_label_of_its_own() {
    let initial = shop_initial().replace("\"shop.", "\"core.");
    let schema = schema(&[
        (
            "pkg/app/apps.py",
            "from django.apps import AppConfig\nclass C(AppConfig):\n    name = \"pkg.app\"\n    label = \"core\"\n",
        ),
        ("pkg/app/migrations/0001_initial.py", &initial),
        (
            "pkg/app/models/order.py",
            "from django.db import models\nclass Order(models.Model):\n    number = models.CharField(max_length=20, unique=True)\n    more = models.TextField()\n",
        ),
    ]);
    let table = schema.table("core_order").unwrap();
    assert!(table.has_model() && table.has_migrations(), "one table of both views");
    assert!(table.column("more").is_some() && table.column("note").is_some());
    assert!(schema.table("app_order").is_none());
}

#[test]
fn a_cycle_and_unknown_operations_leave_the_rest_standing() {
    let cyclic = |other: &str, model: &str| {
        migration(&format!(
            "    dependencies = [(\"shop\", \"{other}\")]\n    operations = [migrations.CreateModel(name=\"{model}\", fields=[(\"id\", models.AutoField(primary_key=True))]), migrations.AddField(name=\"x\"), 7, *more()]\n"
        ))
    };
    let schema = schema(&[
        ("shop/migrations/0001_a.py", &cyclic("0002_b", "A")),
        ("shop/migrations/0002_b.py", &cyclic("0001_a", "B")),
    ]);
    assert!(schema.table("shop_a").is_some() && schema.table("shop_b").is_some());
    assert!(schema.not_understood >= 2);
}

#[test]
fn the_settings_say_which_database_it_is() {
    let settings = "DATABASES = {\"default\": {\"ENGINE\": \"django.db.backends.mysql\"}}\n";
    let built = schema(&[("shop/migrations/0001_initial.py", &shop_initial()), ("site/settings.py", settings)]);
    assert_eq!(built.table("shop_order").unwrap().dialect, crate::statement::Dialect::MySql);
}

#[test]
fn models_in_folders_of_an_app_are_the_apps() {
    let model = "from django.db import models\nclass OrderManager(models.Manager):\n    pass\nclass Open(models.QuerySet):\n    pass\nclass Order(models.Model):\n    number = models.CharField(max_length=20, unique=True)\n    objects = OrderManager()\n";
    let schema = schema(&[
        ("shop/migrations/0001_initial.py", &shop_initial()),
        ("shop/orders/models.py", model),
    ]);
    assert!(schema.table("shop_order").unwrap().has_model());
    let names: Vec<&str> = schema.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["shop_order", "shop_order_tags", "shop_tag"], "no tables of managers");
}

#[test]
fn operations_can_stand_under_a_name_of_the_class() {
    let body = migration(
        r#"
    dependencies = [("shop", "0001_initial")]
    gone = [migrations.DeleteModel(name="Tag")]
    operations = [migrations.SeparateDatabaseAndState(state_operations=gone), migrations.CreateModel(name="Tag", fields=[("id", models.AutoField(primary_key=True))], options={"db_table": "tags"})]
"#,
    );
    let schema = schema(&[
        ("shop/migrations/0001_initial.py", &shop_initial()),
        ("shop/migrations/0002_tags.py", &body),
    ]);
    assert_eq!(schema.not_understood, 0);
    assert!(
        schema.table("tags").is_some() && schema.table("shop_tag").is_some(),
        "the old table was left alone"
    );
}
