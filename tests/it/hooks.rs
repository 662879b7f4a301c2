//! What frameworks call around their handlers is called by somebody: without that, its findings say "who calls it was not found".

use perfaudit::finding::Priority;
use perfaudit::libraries::entries::{EntryKind, entries};
use perfaudit::project::Project;
use perfaudit::project::eval::Evaluator;
use perfaudit::syntax::facts::extract;
use perfaudit::walk::FileKind;
use perfaudit::{Config, audit};

use crate::entries::code;

/// `function: how often, label` of each entry point of one file, in order.
fn found(path: &str, text: &str) -> Vec<String> {
    let code = code(&[(path, text)]);
    let eval = Evaluator::new(&code);
    let mut out = Vec::new();
    for (file, _) in code.modules() {
        for entry in entries(&eval, file, path) {
            let name = code.module(entry.function.0).qualified(entry.function.1);
            out.push(format!("{name}: {:?}, {}", entry.often, entry.label));
        }
    }
    out
}

#[test]
fn middleware_of_routes_routers_and_servers_is_an_entry_point() {
    let text = r#"
import express from "express";
const app = express();
const router = express.Router();
async function load(req, res, next) {}
async function each(req, res, next) {}
function failed(error, req, res, next) {}
const may = (role) => (req, res, next) => next();
app.use(each);
app.use(failed);
app.use((req, callback) => callback());
router.use(load);
router.get("/goats", load, may("read"), (req, res) => res.json([]));
router.post("/goats", [load, (req, res) => res.json({})]);
app.use("/farm", router);
"#;
    assert_eq!(
        found("app.ts", text),
        [
            "each: Always, middleware each",
            "failed: Seldom, a request that fails",
            ": Always, middleware of app.ts",
            "load: Read, ANY /",
            "load: Read, GET /goats",
            "may: Read, GET /goats",
            ": Read, GET /goats",
            "load: Act, POST /goats",
            ": Act, POST /goats",
        ]
    );
}

#[test]
fn a_plugin_of_a_page_and_a_list_of_routers_are_no_middleware() {
    let text = r#"
import { createApp } from "vue";
const plugin = (app, options) => app.provide("x", options);
createApp({}).use(plugin);
const app = createApp({});
app.use(plugin);
"#;
    assert!(found("main.ts", text).is_empty());
}

#[test]
fn what_only_looks_like_a_hook_is_none() {
    for (path, text) in [
        // The owner of the method is neither a router nor an application.
        (
            "client.ts",
            r#"
import ky from "./http";
const client = ky.create({});
async function sign(request, next) { return next(request); }
client.use(sign);
client.addHook("onRequest", sign);
"#,
        ),
        (
            "store.ts",
            r#"
import { createPinia } from "pinia";
const pinia = createPinia();
function persist(context, next) { context.store.$subscribe(() => {}); }
pinia.use(persist);
"#,
        ),
        // Methods that are named as those of a framework, in classes of nobody.
        (
            "bus.ts",
            r"
export class Step { async handle(command, next) { return next(command); } }
export class PricingStrategy { validate(price) { return price > 0; } }
",
        ),
        (
            "land.py",
            r"
class LandForm:
    def save(self):
        return None

class Seen:
    def process_request(self, request):
        return None
",
        ),
        // The project's own decorator, and rows that are no messages.
        (
            "sheet.py",
            r"
import openpyxl
from .tokens import verify_token

@verify_token
def load(token):
    return token

def rows(path):
    ws = openpyxl.load_workbook(path).active
    for row in ws:
        take(row)

def take(row):
    return row
",
        ),
        // Nobody outside can see it.
        (
            "lambda.ts",
            "const handler = async (event) => event;
register(handler);
",
        ),
    ] {
        assert!(found(path, text).is_empty(), "{path}: {:#?}", found(path, text));
    }
}

#[test]
fn guards_and_interceptors_are_asked_with_what_they_guard() {
    let text = r#"
import { CanActivate, NestInterceptor, NestMiddleware } from "@nestjs/common";
import { Strategy } from "passport-jwt";
export class FarmGuard implements CanActivate { async canActivate(context) { return true; } }
export class Log implements NestInterceptor<Goat, Goat> { intercept(context, next) { return next.handle(); } }
export class Each implements NestMiddleware { use(req, res, next) { next(); } }
export class Token extends PassportStrategy(Strategy) { async validate(payload) { return payload; } }
"#;
    assert_eq!(
        found("guard.ts", text),
        [
            "FarmGuard.canActivate: Read, what FarmGuard guards",
            "Log.intercept: Read, what Log intercepts",
            "Each.use: Always, middleware Each",
            "Token.validate: Always, authentication Token",
        ]
    );
}

#[test]
fn sign_in_contexts_and_documents_call_back() {
    let text = r#"
import { expressMiddleware } from "@apollo/server/express4";
import NextAuth from "next-auth";
import mongoose from "mongoose";
const schema = new mongoose.Schema({});
schema.pre("save", async function before() {});
schema.post("find", async function after() {});
const options = {
  providers: [CredentialsProvider({ async authorize(credentials) { return null; } })],
  callbacks: { async session({ session }) { return session; } },
};
export default NextAuth(options);
expressMiddleware(server, { context: async ({ req }) => ({}) });
prisma.$use(async (params, next) => next(params));
"#;
    let all = found("auth.ts", text);
    for wanted in [
        "before: Act, write of schema",
        "after: Read, a find of schema",
        "authorize: Read, the sign-in",
        "session: Always, callback `session` of a session",
        "context: Always, the context of a request",
        ": Always, every statement of the client",
    ] {
        assert!(all.iter().any(|one| one == wanted), "{wanted} in {all:#?}");
    }
}

#[test]
fn django_calls_middleware_signals_forms_and_tags() {
    let text = r"
from django import forms
from django.db import models
from django.db.models.signals import post_save
from rest_framework.permissions import BasePermission

class Each:
    def __init__(self, get_response): ...
    def __call__(self, request): ...

def plain(get_response):
    def inner(request): ...
    return inner

class Goat(models.Model):
    def save(self, *args, **kwargs): ...

@receiver(post_save, sender=Goat)
def saved(sender, instance, **kwargs): ...

class GoatForm(forms.ModelForm):
    def __init__(self, *args): ...
    def clean_name(self): ...

class IsOwner(BasePermission):
    def has_permission(self, request, view): ...

@register.simple_tag
def near(): ...

class GoatSerializer(serializers.ModelSerializer):
    def get_herd(self, goat): ...
    def get_fields(self): ...
";
    assert_eq!(
        found("farm/all.py", text),
        [
            "Each.__call__: Always, middleware Each",
            "plain.inner: Always, middleware plain",
            "Goat.save: Act, save of Goat",
            "saved: Act, save of Goat",
            "GoatForm.__init__: Act, view of GoatForm",
            "GoatForm.clean_name: Act, check of GoatForm",
            "IsOwner.has_permission: Read, what IsOwner guards",
            "near: Read, a page with `near`",
            "GoatSerializer.get_herd: Read, an answer of GoatSerializer",
        ]
    );
}

#[test]
fn flask_and_starlette_call_around_each_request() {
    let text = r"
from flask import Flask
from starlette.middleware.base import BaseHTTPMiddleware
app = Flask(__name__)
@app.before_request
def load(): ...
@app.errorhandler(500)
def failed(error): ...
def late(): ...
app.teardown_request(late)
class Timing(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next): ...
class Raw:
    async def __call__(self, scope, receive, send): ...
";
    assert_eq!(
        found("app.py", text),
        [
            "load: Always, `before_request` load",
            "failed: Seldom, a request that fails",
            "late: Always, `teardown_request`",
            "Timing.dispatch: Always, middleware Timing",
            "Raw.__call__: Always, middleware Raw",
        ]
    );
}

#[test]
fn platforms_and_bots_invoke_what_they_are_given() {
    let python = r"
from aiogram import Dispatcher
dp = Dispatcher()
@dp.message()
async def hear(message): ...
def lambda_handler(event, context): ...
";
    assert_eq!(
        found("bot.py", python),
        ["hear: Act, message to hear", "lambda_handler: Act, invocation of lambda_handler"]
    );
    let pressed = r#"
import discord
from discord.ui import Button, Modal, View, button


class Order(Modal, title="Order"):
    async def on_submit(self, interaction): ...


class Menu(View):
    @button(label="Tea")
    async def tea(self, interaction, item): ...

    @discord.ui.string_select(options=[])
    async def cake(self, interaction, item): ...

    def lines(self): ...


class Again(Button):
    async def callback(self, interaction): ...


class Ledger:
    async def callback(self, interaction): ...
"#;
    assert_eq!(
        found("bot.py", pressed),
        [
            "Order.on_submit: Act, message to Order.on_submit",
            "Menu.tea: Act, message to Menu.tea",
            "Menu.cake: Act, message to Menu.cake",
            "Again.callback: Act, message to Again.callback",
        ]
    );
    let twisted = r"
from twisted.web.resource import Resource


class Members(Resource):
    def render_GET(self, request): ...

    def render_POST(self, request): ...

    def render_name(self): ...
";
    assert_eq!(
        found("web.py", twisted),
        ["Members.render_GET: Read, Members", "Members.render_POST: Act, Members"]
    );
    let worker = "export default { async fetch(request, env) { return 1; }, async scheduled(event) {} };";
    assert_eq!(found("worker.ts", worker), ["fetch: Read, ANY /", "scheduled: Job, cron scheduled"]);
    let other = "export default { async fetch(id) { return 1; } };";
    assert!(found("store.ts", other).is_empty());
}

#[test]
fn a_description_of_an_api_names_its_handlers() {
    let files = [
        (
            "api/host.py",
            "import connexion\ndef list_hosts(): ...\nclass Groups:\n    def add(self): ...\n",
        ),
        (
            "swagger/api.spec.yaml",
            "servers:\n  - url: https://x.example/api/v1\npaths:\n  /hosts:\n    get:\n      operationId: api.host.list_hosts\n  /groups:\n    post:\n      x-openapi-router-controller: api.host.Groups\n      operationId: add\n",
        ),
    ];
    let facts = files.map(|(path, text)| extract(path, FileKind::of(path).expect("a kind"), text));
    let project = Project::link(facts.into());
    let labels: Vec<&str> = project.graph.entries.iter().map(|entry| entry.label.as_str()).collect();
    assert_eq!(labels, ["GET /api/v1/hosts", "POST /api/v1/groups"]);
}

/// The sums of the requests without a timeout in a file of a project.
fn sums(files: &[(&str, &str)], file: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        std::fs::write(folder.path().join(path), text).expect("written");
    }
    let config = Config {
        root: folder.path().to_owned(),
        cache: false,
        min_priority: Some(Priority::P3),
        ..Config::default()
    };
    let findings = audit(&config).expect("a report").findings.into_iter();
    let here = findings.filter(|finding| finding.rule == "missing-timeout" && finding.location.file == file);
    here.map(|finding| finding.reason).collect()
}

/// What a container puts in is of the type that its mark stands around.
#[test]
fn what_a_container_puts_in_is_called() {
    let app = "from fastapi import FastAPI\nfrom dishka import FromDishka\nfrom mail import Mailer\napp = FastAPI()\n@app.get('/mail')\ndef send(mailer: FromDishka[Mailer]):\n    return mailer.fetch_box()\n";
    let mail = "import requests\nclass Mailer:\n    def fetch_box(self):\n        return requests.get('https://mail.example')\nclass Other:\n    def fetch_box(self):\n        return 1\n";
    assert_eq!(
        sums(&[("app.py", app), ("mail.py", mail)], "mail.py"),
        ["a worker may wait for ever, each time GET /mail is asked"]
    );
}

#[test]
fn what_a_table_holds_is_probably_called_by_who_names_the_table() {
    let text = "
import requests
from flask import Flask
app = Flask(__name__)
def add(goat):
    requests.post('https://herd.example')
ACTIONS = {'add': add}
@app.post('/goats')
def act(name):
    action = ACTIONS.get(name)
    action(name)
";
    assert_eq!(
        sums(&[("app.py", text)], "app.py"),
        ["a worker may wait for ever, probably with each POST /goats"]
    );
}

#[test]
fn a_method_that_a_few_classes_have_is_probably_the_one_of_any() {
    let app = "
from flask import Flask
app = Flask(__name__)
@app.post('/goats')
def act(request):
    request.find_service('herds').update_herd_book(1)
";
    let services = "
import requests
class IHerds:
    def update_herd_book(self, herd):
        '''Writes it down.'''
class Herds:
    def update_herd_book(self, herd):
        requests.post('https://herd.example')
";
    let files = [("app.py", app), ("services.py", services)];
    // One that only declares is no second one.
    assert_eq!(sums(&files, "services.py"), ["a worker may wait for ever, with each POST /goats"]);
    let more = "class Books:\n    def update_herd_book(self, herd):\n        return herd.save()\n";
    let files = [files[0], files[1], ("zoo.py", more)];
    assert_eq!(
        sums(&files, "services.py"),
        ["a worker may wait for ever, probably with each POST /goats"]
    );
}

#[test]
fn what_is_kept_for_good_is_loaded_once() {
    let text = "
import requests
from flask import Flask
app = Flask(__name__)
_keys = None
def load():
    return requests.get('https://herd.example')
def keys():
    global _keys
    if _keys is None:
        _keys = load()
    return _keys
@app.get('/goats')
def goats():
    return keys()
";
    assert_eq!(
        sums(&[("app.py", text)], "app.py"),
        ["a worker may wait for ever, once in a process, at the first GET /goats"]
    );
    // What a function for tests empties, which nothing of the program calls, is kept all the same.
    let reset = format!("{text}def reset():\n    global _keys\n    _keys = None\n");
    assert_eq!(
        sums(&[("app.py", &reset)], "app.py"),
        ["a worker may wait for ever, once in a process, at the first GET /goats"]
    );
    // What another function empties is loaded again, and a loop's variable is not the module's.
    for emptied in [
        "@app.post('/forget')\ndef forget():\n    global _keys\n    _keys = None\n",
        "@app.post('/forget')\ndef forget():\n    _keys.clear()\n",
    ] {
        let text = format!("{text}{emptied}");
        assert_eq!(
            sums(&[("app.py", &text)], "app.py"),
            ["a worker may wait for ever, sometimes when GET /goats is asked"]
        );
    }
    let own = text.replace("    global _keys\n", "    for _keys in [None]:\n        break\n");
    assert_eq!(
        sums(&[("app.py", &own)], "app.py"),
        ["a worker may wait for ever, sometimes when GET /goats is asked"]
    );
}

/// Whether a file of a package is the command of its script.
fn is_command(scripts: &str, text: &str) -> bool {
    let manifest = format!(r#"{{"name": "barn", "scripts": {scripts}}}"#);
    let files = [("package.json", manifest.as_str()), ("tools/feed.js", text)];
    let facts = files.map(|(path, text)| extract(path, FileKind::of(path).expect("a kind"), text));
    let project = Project::link(facts.into());
    let mut entries = project.graph.entries.iter();
    entries.any(|entry| entry.kind == EntryKind::Command)
}

#[test]
fn a_script_of_a_package_is_a_command_unless_it_goes_on() {
    let feed = "const herd = load();\nfeed(herd);\n";
    assert!(is_command(r#"{"feed": "node --inspect tools/feed.js"}"#, feed));
    assert!(is_command(r#"{"feed": "cd . && node tools/feed.js --all"}"#, feed));
    assert!(!is_command(
        r#"{"feed": "node tools/feed.js", "start": "node tools/feed.js"}"#,
        feed
    ));
    for going_on in [
        "setInterval(feed, 1000);",
        "bot.launch();",
        "queue.process(feed);",
        "while (true) { feed(); }",
    ] {
        assert!(!is_command(r#"{"feed": "node tools/feed.js"}"#, going_on), "{going_on}");
    }
}

/// A serializer's validators are asked when something is written, and not when it is shown.
#[test]
fn validators_of_fields_run_with_a_write() {
    let text = "from rest_framework import serializers\n\n\ndef check(value):\n    return value\n\n\nclass GoatSerializer(serializers.Serializer):\n    tag = serializers.CharField(validators=[check])\n";
    assert_eq!(found("herd/serializers.py", text), ["check: Act, write through GoatSerializer"]);
    let own = "class Serializer: ...\n\n\ndef check(value):\n    return value\n\n\nclass Goat(Serializer):\n    tag = field(validators=[check])\n";
    assert!(found("herd/goats.py", own).is_empty());
}

/// A strategy that asks another service is for signing in, and a server of sockets asks its middleware of each connection.
#[test]
fn what_signs_somebody_in_or_lets_a_socket_in_is_no_part_of_every_request() {
    let strategy = r#"
import { PassportStrategy } from "@nestjs/passport";
import { Strategy } from "passport-github2";
export class Github extends PassportStrategy(Strategy) { async validate(token, refresh, profile) { return profile; } }
"#;
    assert_eq!(found("github.ts", strategy), ["Github.validate: Act, sign-in through Github"]);
    // One that is not known may read the token of each request.
    let other = strategy.replace("passport-github2", "passport-azure-ad");
    assert_eq!(found("azure.ts", &other), ["Github.validate: Always, authentication Github"]);
    let sockets = r#"
import { Server } from "socket.io";
const server = new Server();
async function known(socket, next) { next(); }
server.use(known);
"#;
    assert_eq!(found("sockets.ts", sockets), ["known: Act, a connection of a socket"]);
}
