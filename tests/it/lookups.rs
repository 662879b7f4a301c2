//! Which statements look rows up by a column, and what an index for them is worth.

use perfaudit::finding::{Finding, Priority};

use crate::doors::found;

/// Whoever signs in with another service waits while all people are looked through; a farm's few barns are another matter.
#[test]
fn one_look_up_among_all_people_is_worth_an_index() {
    let priority = |model: &str, table: &str| {
        let files = [
            (
                "src/model.js",
                format!(
                    "const mongoose = require('mongoose');\nconst schema = new mongoose.Schema({{ github: String, place: String }});\nmodule.exports = mongoose.model('{model}', schema, '{table}');\n"
                ),
            ),
            (
                "src/app.js",
                format!(
                    "const express = require('express');\nconst {model} = require('./model');\nconst app = express();\napp.post('/sign-up', async (req, res) => {{ res.json(await {model}.create(req.body)); }});\napp.get('/of/:github', async (req, res) => {{ res.json(await {model}.findOne({{ github: req.params.github }})); }});\napp.listen(3000);\n"
                ),
            ),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let all = found("missing-index", &files);
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        one.priority
    };
    assert_eq!(priority("User", "users"), Priority::P2);
    assert_eq!(priority("Barn", "barns"), Priority::P3);
}

/// `listings: true` of a relation with many on both sides reads the table of pairs, and not the key of another relation to the same table.
#[test]
fn pairs_of_many_to_many_are_no_look_up_by_another_key() {
    let cited = |pairs: &str, include: &str| {
        let schema = format!(
            "datasource db {{ provider = \"postgresql\" }}\nmodel Person {{\n  id Int @id\n  barns Barn[]\n  painted Barn[] @relation(\"painter\")\n}}\nmodel Barn {{\n  id Int @id\n  {pairs}\n  painterId Int\n  painter Person @relation(\"painter\", fields: [painterId], references: [id])\n}}\n"
        );
        let app = format!(
            "import express from 'express';\nimport {{ PrismaClient }} from '@prisma/client';\nconst prisma = new PrismaClient();\nconst app = express();\napp.get('/people', async (req, res) => {{ res.json(await prisma.person.findMany({{ take: 20, include: {{ {include}: true }} }})); }});\n"
        );
        let all = found("unindexed-foreign-key", &[("prisma/schema.prisma", &schema), ("src/app.ts", &app)]);
        all.iter()
            .any(|one| one.subject.contains("painterId") && one.message.contains("looks rows up by it"))
    };
    assert!(cited("people Person[]", "painted"));
    assert!(!cited("people Person[]", "barns"));
}

/// An instance that the same function makes is stored for the first time.
#[test]
fn what_is_made_and_saved_in_a_loop_is_an_insert() {
    let title = |made: &str| {
        let models = "from django.db import models\n\n\nclass Barn(models.Model):\n    place = models.TextField()\n";
        let views = format!(
            "from django.http import HttpResponse\n\nfrom farm.models import Barn\n\n\ndef load(request):\n    for place in request.POST.getlist('place'):\n        barn = {made}\n        barn.place = place\n        barn.save()\n    return HttpResponse()\n"
        );
        let urls = "from django.urls import path\n\nfrom farm import views\n\nurlpatterns = [path('load', views.load)]\n";
        let all = found(
            "unbatched-write",
            &[("farm/models.py", models), ("farm/views.py", &views), ("farm/urls.py", urls)],
        );
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        one.title.clone()
    };
    assert!(title("Barn()").starts_with("INSERT on `Barn`"), "{}", title("Barn()"));
    assert!(title("Barn.objects.get(place=place)").starts_with("UPDATE on `Barn`"));
    assert!(title("Barn(pk=7)").starts_with("UPDATE on `Barn`"));
}

/// `goat.barn.id` is in the goat's own row: no join is needed for it.
#[test]
fn the_key_of_a_relation_is_read_from_the_row() {
    let fix = |read: &str| {
        let models = "from django.db import models\n\n\nclass Barn(models.Model):\n    place = models.TextField()\n\n\nclass Goat(models.Model):\n    barn = models.ForeignKey(Barn, on_delete=models.CASCADE)\n";
        let views = format!(
            "from django.http import JsonResponse\n\nfrom farm.models import Goat\n\n\ndef goats(request):\n    return JsonResponse({{'goats': [{read} for goat in Goat.objects.all()[:50]]}})\n"
        );
        let urls = "from django.urls import path\n\nfrom farm import views\n\nurlpatterns = [path('goats', views.goats)]\n";
        let all = found(
            "n-plus-one",
            &[("farm/models.py", models), ("farm/views.py", &views), ("farm/urls.py", urls)],
        );
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        (one.fix.summary.clone(), one.fix.code.clone().unwrap_or_default())
    };
    let (summary, code) = fix("goat.barn.id");
    assert!(summary.contains("`goat.barn_id` in place of `goat.barn.id`"), "{summary}");
    assert_eq!(code, "goat.barn_id");
    let (_, code) = fix("goat.barn.place");
    assert!(code.contains("select_related"), "{code}");
    let (_, code) = fix("(goat.barn.id, goat.barn.place)");
    assert!(code.contains("select_related"), "{code}");
}

/// Of two models with a relation of one name the object's own says which key its rows are found by; what is added is found by nothing.
#[test]
fn a_relation_is_looked_up_by_the_key_of_its_own_model() {
    let model = |name: &str, table: &str, join: &str| {
        format!(
            "import {{ Model }} from 'objection';\nimport {{ Trip }} from './trip.js';\n\nexport class {name} extends Model {{\n  static tableName = '{table}';\n  static relationMappings = () => ({{\n    trips: {{ relation: Model.HasManyRelation, modelClass: Trip, join: {{ from: '{table}.id', to: 'trips.{join}' }} }},\n  }});\n}}\n"
        )
    };
    let trip = "import { Model } from 'objection';\n\nexport class Trip extends Model {\n  static tableName = 'trips';\n}\n";
    let steps = "export async function up(knex) {\n  await knex.schema.createTable('boats', (t) => t.increments('id'));\n  await knex.schema.createTable('crews', (t) => t.increments('id'));\n  await knex.schema.createTable('trips', (t) => {\n    t.increments('id');\n    t.integer('boat_id').references('id').inTable('boats');\n    t.integer('crew_id').references('id').inTable('crews');\n  });\n}\n";
    let app = |body: &str| {
        format!(
            "import express from 'express';\nimport {{ Boat }} from './boat.js';\nimport {{ Crew }} from './crew.js';\nconst app = express();\napp.get('/boats/:id', async (req, res) => {{\n  const boat = await Boat.query().findById(req.params.id);\n  res.json({body});\n}});\n"
        )
    };
    let looked_up = |body: &str| {
        let (boat, crew) = (model("Boat", "boats", "boat_id"), model("Crew", "crews", "crew_id"));
        let app = app(body);
        let all = found(
            "unindexed-foreign-key",
            &[
                ("src/boat.js", &boat),
                ("src/crew.js", &crew),
                ("src/trip.js", trip),
                ("migrations/20240101000000_first.js", steps),
                ("src/app.js", &app),
                (
                    "package.json",
                    "{\"dependencies\": {\"objection\": \"3\", \"knex\": \"3\", \"pg\": \"8\", \"express\": \"5\"}}",
                ),
            ],
        );
        let is_asked = |one: &Finding| one.related.iter().any(|place| place.message.contains("looks rows up"));
        all.into_iter().filter(is_asked).map(|one| one.subject).collect::<Vec<_>>()
    };
    assert_eq!(looked_up("await boat.$relatedQuery('trips')"), ["trips.boat_id"]);
    assert!(looked_up("await boat.$relatedQuery('trips').insert({})").is_empty());
}

const STALLS: &str = "CREATE TABLE barns (id BIGSERIAL PRIMARY KEY);\nCREATE TABLE stalls (id BIGSERIAL PRIMARY KEY, barn_id BIGINT NOT NULL REFERENCES barns (id), at TIMESTAMPTZ NOT NULL, place TEXT);\n";

/// The index that is advised for the foreign key of a table that is looked up so.
fn for_key(query: &str) -> String {
    let app = format!(
        "import psycopg2\nfrom fastapi import FastAPI\n\napp = FastAPI()\ndb = psycopg2.connect('', connect_timeout=3)\n\n\n@app.get('/barns/{{barn}}')\ndef stalls(barn: int):\n    with db.cursor() as cursor:\n        cursor.execute('{query}', (barn,))\n        return cursor.fetchall()\n\n\n@app.post('/stalls')\ndef add(barn: int):\n    with db.cursor() as cursor:\n        cursor.execute('INSERT INTO stalls (barn_id, at) VALUES (%s, now())', (barn,))\n"
    );
    let all = found("unindexed-foreign-key", &[("schema.sql", STALLS), ("app.py", &app)]);
    let [one] = all.as_slice() else { panic!("{all:#?}") };
    one.fix.summary.clone()
}

#[test]
fn the_index_of_a_key_has_the_order_in_which_the_first_rows_are_taken() {
    let by_time = "SELECT id FROM stalls WHERE barn_id = %s ORDER BY at DESC";
    assert!(for_key(&format!("{by_time} LIMIT 1")).contains("(barn_id, at)"));
    // All of them are sorted in a moment; the key's own order needs no column.
    assert!(for_key(by_time).contains("(barn_id)"));
    assert!(for_key("SELECT id FROM stalls WHERE barn_id = %s ORDER BY id LIMIT 1").contains("(barn_id)"));
}

/// A key called `position` tells rows apart, whatever columns of that name hold elsewhere.
#[test]
fn the_column_of_a_unique_key_has_many_values() {
    let lacks = |key: &str| {
        let schema = format!(
            "CREATE TABLE marks (position BIGINT {key}, herd BIGINT NOT NULL);\nCREATE TABLE cows (herd BIGINT NOT NULL, barn TEXT NOT NULL, name TEXT);\nCREATE UNIQUE INDEX cows_by_herd ON cows (herd, barn, name);\n"
        );
        let app = "import psycopg2\n\ndb = psycopg2.connect('', connect_timeout=3)\n\n\ndef cows(position, barn):\n    with db.cursor() as cursor:\n        cursor.execute('SELECT c.name FROM cows c JOIN marks m ON m.herd = c.herd WHERE m.position = %s AND c.barn = %s', (position, barn))\n        return cursor.fetchall()\n";
        let all = found("missing-index", &[("schema.sql", &schema), ("app.py", app)]);
        all.iter().any(|finding| finding.title.contains("cows"))
    };
    assert!(lacks(""));
    assert!(!lacks("PRIMARY KEY"));
}

/// The foreign keys that are told of a program with sequelize-typescript, and how many of their statements are cited.
fn keys_told(barn: &str, constraint: &str, code: &str) -> Vec<(String, usize)> {
    let models = format!(
        "import {{ Table, Column, Model, ForeignKey, HasMany, DataType }} from 'sequelize-typescript';\n\n@Table({{ tableName: 'barns'{barn} }})\nexport class Barn extends Model {{\n  @Column({{ type: DataType.INTEGER, primaryKey: true }})\n  id: number;\n\n  @HasMany(() => Stall)\n  stalls: Stall[];\n}}\n\n@Table({{ tableName: 'stalls' }})\nexport class Stall extends Model {{\n  @ForeignKey(() => Barn)\n  @Column(DataType.INTEGER)\n  barnId: number;\n}}\n"
    );
    let migration = format!(
        "module.exports = {{\n  up: async (queryInterface, Sequelize) => {{\n    await queryInterface.createTable('barns', {{ id: {{ type: Sequelize.INTEGER, primaryKey: true }} }});\n    await queryInterface.createTable('stalls', {{ id: {{ type: Sequelize.INTEGER, primaryKey: true }}, barnId: {{ type: Sequelize.INTEGER{constraint} }} }});\n  }},\n}};\n"
    );
    let app = format!(
        "import express from 'express';\nimport {{ Barn, Stall }} from './models';\nconst app = express();\napp.post('/barns', async (req, res) => {{ res.json(await Barn.create(req.body)); }});\napp.get('/barns/:id', async (req, res) => {{ {code} res.end(); }});\n"
    );
    let files = [
        ("src/models.ts", models.as_str()),
        ("migrations/20200101000000-barns.js", migration.as_str()),
        ("src/app.ts", app.as_str()),
    ];
    let all = found("unindexed-foreign-key", &files);
    let cited = |one: &Finding| {
        one.related
            .iter()
            .filter(|related| related.role == perfaudit::finding::Role::Query)
            .count()
    };
    all.iter().map(|one| (one.subject.clone(), cited(one))).collect()
}

#[test]
fn what_the_database_does_not_know_for_a_key_it_does_not_look_up() {
    let constraint = ", references: { model: 'barns', key: 'id' }";
    let removes = "await Barn.destroy({ where: { id: req.params.id } });";
    let told = |count: usize| vec![("stalls.barnId".to_owned(), count)];
    assert_eq!(keys_told("", constraint, removes), told(1));
    // The model alone says that it is a key: a deletion looks for no children, and a look-up is one all the same.
    assert_eq!(keys_told("", "", removes), []);
    assert_eq!(
        keys_told("", "", "await Stall.findAll({ where: { barnId: req.params.id } });"),
        told(1)
    );
    // A row that is only marked as deleted keeps its children.
    assert_eq!(keys_told(", paranoid: true", constraint, removes), told(0));
}

#[test]
fn children_that_are_included_by_their_model_are_looked_up() {
    let constraint = ", references: { model: 'barns', key: 'id' }";
    let told = |code: &str| keys_told("", constraint, code).first().map_or(0, |(_, cited)| *cited);
    assert_eq!(told("await Barn.findAll({ include: [Stall], limit: 20 });"), 1);
    assert_eq!(told("await Barn.findAll({ limit: 20 });"), 0);
}
