//! Which functions are called from outside, and how they are named.

use perfaudit::libraries::entries::{Entry, EntryKind, dependencies, entries};
use perfaudit::libraries::shared::effects::LibraryData;
use perfaudit::libraries::shared::value::FileId;
use perfaudit::project::eval::{Code, Evaluator};
use perfaudit::syntax::facts::{FileFacts, extract};
use perfaudit::walk::FileKind;
use rustc_hash::FxHashSet;

pub fn code(files: &[(&str, &str)]) -> Code {
    let mut facts: Vec<FileFacts> = files
        .iter()
        .map(|(path, text)| {
            let front = match path.rsplit('.').next() {
                Some("py") => FileKind::Python,
                Some("json") => FileKind::Json,
                Some("ts") => FileKind::TypeScript,
                _ => FileKind::Tsx,
            };
            extract(path, front, text)
        })
        .collect();
    facts.sort_by(|a, b| a.path.cmp(&b.path));
    Code::new(facts, LibraryData::built_in(), FxHashSet::default())
}

fn all(files: &[(&str, &str)]) -> Vec<(EntryKind, String, String)> {
    let code = code(files);
    let eval = Evaluator::new(&code);
    let mut out = Vec::new();
    for (file, _) in code.modules() {
        for Entry { function, kind, label, .. } in entries(&eval, file, &code.files[file.index()].path) {
            let name = code.module(function.0).qualified(function.1);
            out.push((kind, label, format!("{}:{name}", code.files[function.0.index()].path)));
        }
    }
    out
}

fn labels(path: &str, text: &str) -> Vec<String> {
    all(&[(path, text)]).into_iter().map(|(_, label, _)| label).collect()
}

#[test]
fn fastapi_routes_have_their_routers_prefix() {
    let text = r#"
from fastapi import APIRouter, FastAPI
from unittest import mock
app = FastAPI()
router = APIRouter(prefix="/workshops")
@router.get("/{id}")
async def one(id: int): ...
@router.get("")
def many(): ...
@app.api_route("/both", methods=["GET", "POST"])
async def both(): ...
@mock.patch("app.services.get")
def helper(): ...
def late(): ...
app.add_api_route("/late", late, methods=["POST"])
@app.websocket("/ws")
async def ws(socket): ...
@app.on_event("startup")
async def begin(): ...
"#;
    assert_eq!(
        labels("a.py", text),
        [
            "GET /workshops/{id}",
            "GET /workshops",
            "ANY /both",
            "POST /late",
            "socket /ws",
            "start-up begin"
        ]
    );
    let code = code(&[("a.py", text)]);
    let found = entries(&Evaluator::new(&code), FileId(0), "a.py");
    let threaded: Vec<bool> = found.iter().map(|entry| entry.threaded).collect();
    assert_eq!(threaded, [false, true, false, true, false, false]);
}

#[test]
fn dependencies_come_from_defaults_aliases_and_routers() {
    let code = code(&[
        (
            "deps.py",
            "from typing import Annotated\nfrom fastapi import Depends\ndef get_db(): ...\ndef get_user(): ...\nSession = Annotated[object, Depends(get_db)]\n",
        ),
        (
            "routes.py",
            "from typing import Annotated\nfrom fastapi import APIRouter, Depends\nfrom deps import Session, get_user\ndef guard(): ...\nrouter = APIRouter(dependencies=[Depends(guard)])\n@router.get('/x', dependencies=[Depends(limit)])\ndef x(db: Session, user = Depends(get_user), other: Annotated[int, Depends(lambda: 1)] = 3): ...\n",
        ),
    ]);
    let eval = Evaluator::new(&code);
    let module = code.module(FileId(1));
    let x = module.function_ids().find(|(id, _)| module.qualified(*id) == "x").expect("x").0;
    let mut names: Vec<String> = dependencies(&eval, FileId(1), x)
        .into_iter()
        .map(|(file, expr)| code.module(file).dotted(expr).unwrap_or_else(|| "lambda".to_owned()))
        .collect();
    names.sort();
    assert_eq!(names, ["get_db", "get_user", "guard", "lambda", "limit"]);
}

#[test]
fn flask_views_and_django_views() {
    let flask = r#"
from flask import Flask, Blueprint
from flask.views import MethodView
bp = Blueprint("x", __name__, url_prefix="/api")
@bp.route("/a", methods=["POST"])
def a(): ...
class Items(MethodView):
    def get(self): ...
    def helper(self): ...
"#;
    assert_eq!(labels("a.py", flask), ["POST /api/a", "GET Items"]);
    let found = all(&[
        (
            "shop/urls.py",
            "from django.urls import path\nfrom shop import views\nfrom shop.views import Detail\nurlpatterns = [path('items/', views.items), path('d/', Detail.as_view())]\n",
        ),
        (
            "shop/views.py",
            "from rest_framework.views import APIView\nfrom rest_framework.viewsets import ModelViewSet\nfrom rest_framework.decorators import action\ndef items(request): ...\nclass Detail(APIView):\n    def get(self, request): ...\nclass Things(ModelViewSet):\n    def list(self, request): ...\n    @action(detail=True)\n    def close(self, request): ...\nclass Plain:\n    def get(self, x): ...\n",
        ),
        ("shop/__init__.py", ""),
    ]);
    let labels: Vec<&str> = found.iter().map(|(_, label, _)| label.as_str()).collect();
    assert_eq!(
        labels,
        ["ANY /items/", "GET /d/", "GET Detail.get", "GET Things.list", "ANY Things.close"]
    );
    assert_eq!(found[0].2, "shop/views.py:items");
}

/// A site that speaks several languages has its addresses in them.
#[test]
fn addresses_of_django_may_be_translated() {
    let found = all(&[
        (
            "shop/urls.py",
            "from django.urls import path, re_path\nfrom django.utils.translation import gettext_lazy as _, pgettext_lazy\nfrom shop import views\nurlpatterns = [\n    path(_('items/'), views.items),\n    re_path(pgettext_lazy('part of a URL', r'^sold/$'), views.sold),\n]\n",
        ),
        ("shop/views.py", "def items(request): ...\ndef sold(request): ...\n"),
        ("shop/__init__.py", ""),
    ]);
    let labels: Vec<&str> = found.iter().map(|(_, label, _)| label.as_str()).collect();
    assert_eq!(labels, ["ANY /items/", "ANY /sold/"]);
}

#[test]
fn express_takes_the_last_handler_through_wrappers_and_files() {
    let found = all(&[
        (
            "src/a.ts",
            r#"
import express, { Router } from "express";
import { UserController } from "./users";
import * as controller from "./plain";
const router = Router();
const app = express();
const users = new UserController();
router.get("/x", auth, asyncHandler(async (req, res) => {}));
router.post("/users", users.create);
router.put("/bound", users.create.bind(users));
router.post("orders.list", auth(), async (ctx) => {});
cache.get("orders.list", () => 1, 60);
app.route("/r").get(controller.list).post((req, res) => {});
cache.get("/x", () => 1);
api.get("/x", { params: 1 });
app.get("port");
new Hono().get("/h", (c) => c.json(1)).post("/p", (c) => c.json(2));
fastify.route({ method: "GET", url: "/f", handler: async () => 1 });
http.get("/mock", () => 1);
"#,
        ),
        ("src/users.ts", "export class UserController { async create(req, res) {} }"),
        ("src/plain.ts", "export const list = async (req, res) => {};"),
    ]);
    let labels: Vec<&str> = found.iter().map(|(_, label, _)| label.as_str()).collect();
    let mut sorted = labels.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            "GET /f",
            "GET /h",
            "GET /r",
            "GET /x",
            "POST /p",
            "POST /r",
            "POST /users",
            "POST orders.list",
            "PUT /bound"
        ]
    );
    let target = |label: &str| found.iter().find(|(_, l, _)| l == label).map(|(_, _, at)| at.clone());
    assert_eq!(target("POST /users").as_deref(), Some("src/users.ts:UserController.create"));
    assert_eq!(target("GET /r").as_deref(), Some("src/plain.ts:list"));
}

#[test]
fn nest_controllers_resolvers_and_jobs() {
    let text = r#"
@Controller("cats")
export class CatsController {
  @Get(":id") one() {}
  @Post() @UseGuards(X) create() {}
  helper() {}
}
@Resolver(() => Cat)
export class CatResolver {
  @Query(() => [Cat]) cats() {}
  @ResolveField() owner() {}
}
@Injectable()
export class Tasks {
  @Cron("* * * * *") sweep() {}
  onModuleInit() {}
}
export class Dto { @Get() x() {} }
"#;
    assert_eq!(
        labels("a.ts", text),
        [
            "GET /cats/:id",
            "POST /cats",
            "GraphQL Query cats",
            "GraphQL ResolveField owner",
            "cron Tasks.sweep",
            "start-up Tasks.onModuleInit"
        ]
    );
}

#[test]
fn next_files_are_entries_by_their_place() {
    assert_eq!(
        labels(
            "apps/web/src/app/(main)/api/items/[id]/route.ts",
            "export const GET = withAuth(async (req) => {});\nexport async function POST() {}\nexport const runtime = 'edge';\nfunction helper() {}"
        ),
        ["GET /api/items/[id]", "POST /api/items/[id]"]
    );
    assert_eq!(
        labels("app/shop/page.tsx", "export default async function Page() { return <p/>; }"),
        ["page /shop"]
    );
    assert_eq!(
        labels(
            "app/shop/page.tsx",
            "'use client';\nexport default function Page() { return <p/>; }"
        ),
        Vec::<String>::new()
    );
    assert_eq!(
        labels(
            "pages/api/users/index.ts",
            "const handler = async (req, res) => {};\nexport default withAuth(handler);"
        ),
        ["ANY /api/users"]
    );
    assert_eq!(
        labels(
            "pages/index.tsx",
            "export async function getServerSideProps() {}\nexport default function Home() {}"
        ),
        ["page / (getServerSideProps)"]
    );
    assert_eq!(
        labels(
            "lib/actions.ts",
            "'use server';\nexport async function save() {}\nexport const drop = async () => {};"
        ),
        ["server action save", "server action drop"]
    );
    assert_eq!(
        labels(
            "lib/form.tsx",
            "export function Form() { async function submit() { 'use server'; } return null; }"
        ),
        ["server action Form.submit"]
    );
}

#[test]
fn remix_and_svelte() {
    assert_eq!(
        labels(
            "app/routes/items.$id.tsx",
            "export const loader = async () => {};\nexport async function action() {}"
        ),
        ["GET /items.$id (loader)", "POST /items.$id (action)"]
    );
    assert_eq!(
        labels(
            "src/routes/shop/+page.server.ts",
            "export const load = async () => {};\nexport const actions = { save: async () => {} };"
        ),
        ["page /shop", "action /shop?/save"]
    );
    assert_eq!(
        labels("src/routes/api/+server.ts", "export const GET = async () => {};"),
        ["GET /api"]
    );
}

/// The labels of what one file and a manifest give.
fn labels_beside(manifest: &str, path: &str, text: &str) -> Vec<String> {
    let files = [("package.json", manifest), (path, text)];
    all(&files).into_iter().map(|(_, label, _)| label).collect()
}

#[test]
fn a_folder_of_routes_is_one_where_a_framework_says_so() {
    let plain = r#"{"dependencies": {"express": "^4"}}"#;
    let none: Vec<String> = Vec::new();
    let handler = "export default (db) => ({ async list() { return db.all(); } });";
    assert_eq!(labels_beside(plain, "src/server/routes/boats.ts", handler), none);
    let nuxt = r#"{"devDependencies": {"nuxt": "^3"}}"#;
    let boats = "export default async (event) => [];";
    assert_eq!(labels_beside(nuxt, "server/routes/boats.ts", boats), ["ANY /boats"]);
    assert_eq!(labels_beside(nuxt, "server/api/boats.ts", boats), ["ANY /api/boats"]);
    // The way of exporting is enough.
    let wrapped = "import { defineEventHandler } from 'h3';\nexport default defineEventHandler(async () => []);";
    assert_eq!(labels_beside(plain, "server/api/boats.ts", wrapped), ["ANY /api/boats"]);

    let loader = "export async function loader() {}\nexport async function action() {}";
    assert_eq!(labels_beside(plain, "src/routes/boats.ts", loader), none);
    let remix = r#"{"dependencies": {"@remix-run/node": "^2"}}"#;
    assert_eq!(
        labels_beside(remix, "app/routes/boats.ts", loader),
        ["GET /boats (loader)", "POST /boats (action)"]
    );

    let page = "export default async function boats(a, b) {}";
    assert_eq!(labels_beside(plain, "src/pages/api/boats.ts", page), none);
    let next = r#"{"dependencies": {"next": "^15"}}"#;
    assert_eq!(labels_beside(next, "src/pages/api/boats.ts", page), ["ANY /api/boats"]);
    let verb = "export async function GET() {}";
    assert_eq!(labels_beside(next, "lib/boats/route.ts", verb), none);
}

#[test]
fn what_a_route_exports_again_is_its_own() {
    let found = all(&[
        (
            "lib/boats/route.ts",
            "export async function GET() {}\nexport const POST = guarded(async () => {});",
        ),
        (
            "app/api/boats/route.ts",
            "import { GET } from '../../../lib/boats/route';\nexport { GET };\nexport { POST } from '../../../lib/boats/route';",
        ),
        ("app/boats/page.tsx", "export { default } from '../../lib/page';"),
        ("lib/page.tsx", "'use client';\nexport default function Boats() { return null; }"),
    ]);
    let labels: Vec<&str> = found.iter().map(|(_, label, _)| label.as_str()).collect();
    assert_eq!(labels, ["GET /api/boats", "POST /api/boats"]);
    assert_eq!(found[0].2, "lib/boats/route.ts:GET");
}

#[test]
fn procedures_of_a_service_are_entries() {
    let files = [
        (
            "src/index.ts",
            "import type { ConnectRouter } from '@connectrpc/connect';\nimport boats from './boats';\nexport default (db) => (router: ConnectRouter) => router.service(Harbour, { ...boats(db), async ping() { return {}; }, options: {} });",
        ),
        (
            "src/boats.ts",
            "export default (db) => ({ async listBoats(request) { return db.all(); } });",
        ),
    ];
    let labels: Vec<String> = all(&files).into_iter().map(|(_, label, _)| label).collect();
    assert_eq!(labels, ["RPC listBoats", "RPC ping"]);
    let other = "router.service(Harbour, { async ping() { return {}; } });";
    assert_eq!(labels_beside("{}", "src/index.ts", other), Vec::<String>::new());
}

#[test]
fn trpc_procedures_are_told_from_database_queries() {
    let text = r"
const authed = t.procedure.use(isAuthed);
export const users = router({
  list: publicProcedure.input(z.object({})).query(async ({ ctx }) => 1),
  save: protectedProcedure.mutation(save),
  mine: authed.query(() => 2),
});
async function save() {}
db.query(async (x) => x);
client.select().query(() => 1);
";
    assert_eq!(labels("a.ts", text), ["tRPC query list", "tRPC mutation save", "tRPC query mine"]);
}

#[test]
fn graphql_resolvers_in_both_languages() {
    assert_eq!(
        labels(
            "schema.py",
            "import graphene\nclass Query(graphene.ObjectType):\n    def resolve_users(self, info): ...\n    def other(self): ...\n"
        ),
        ["GraphQL Query.resolve_users"]
    );
    assert_eq!(
        labels(
            "schema.py",
            "import strawberry\n@strawberry.type\nclass Query:\n    @strawberry.field\n    def users(self): ...\n"
        ),
        ["GraphQL field Query.users"]
    );
    assert_eq!(
        labels(
            "a.ts",
            "export const resolvers = { Query: { users: async () => [] }, User: { posts(parent) { return 1; } } };"
        ),
        ["GraphQL Query.users", "GraphQL User.posts"]
    );
}

#[test]
fn fields_whose_resolvers_are_made_in_a_third_file() {
    let shared = "import { readsOne } from './reads';\nexport const noteFields = { id: { resolve: readsOne('id') } };";
    let reads = "const a = () => 1;\nconst b = () => 2;\nexport const readsOne = (key) => (row) => row[key];";
    let note = "import { GraphQLObjectType } from 'graphql';\nimport { noteFields } from './fields';\nexport const Note = new GraphQLObjectType({ name: 'Note', fields: () => ({ ...noteFields }) });";
    let found = all(&[("fields.ts", shared), ("note.ts", note), ("reads.ts", reads)]);
    let places: Vec<_> = found.iter().map(|(_, label, place)| (label.as_str(), place.as_str())).collect();
    assert_eq!(places.len(), 1, "{places:?}");
    assert_eq!(places[0].0, "GraphQL Note.id");
    assert!(places[0].1.starts_with("reads.ts:"), "{places:?}");
}

#[test]
fn jobs_in_both_languages() {
    let python = r#"
from celery import shared_task
import dramatiq
@shared_task(bind=True)
def mail(self): ...
@dramatiq.actor
def act(): ...
@celery_app.task
def third(): ...
def tick(): ...
scheduler.add_job(tick, "interval", seconds=3)
"#;
    assert_eq!(labels("tasks.py", python), ["task mail", "task act", "task third", "cron tick"]);
    let typescript = r#"
import { Worker } from "bullmq";
new Worker("mail", async (job) => {});
export const f = inngest.createFunction({ id: "sync" }, { event: "x" }, async ({ step }) => {});
export const t = task({ id: "report", run: async () => {} });
cron.schedule("* * * * *", () => {});
new Worker(new URL("./w.js"));
"#;
    assert_eq!(
        labels("jobs.ts", typescript),
        ["job mail", "inngest sync", "task report", "cron * * * * *"]
    );
}

#[test]
fn scripts_and_commands() {
    assert_eq!(
        labels("tool.py", "def main(): ...\nif __name__ == '__main__':\n    main()\n"),
        ["script tool.py"]
    );
    assert_eq!(labels("scripts/seed.ts", "async function main() {}\nmain();"), ["script seed.ts"]);
    assert_eq!(labels("src/seed.ts", "async function main() {}\nmain();"), Vec::<String>::new());
    assert_eq!(
        labels(
            "app/management/commands/clean.py",
            "from django.core.management.base import BaseCommand\nclass Command(BaseCommand):\n    def handle(self): ...\n"
        ),
        ["command clean"]
    );
}

#[test]
fn pyramid_views_have_the_names_of_their_routes() {
    let text = r#"
from pyramid.view import forbidden_view_config, view_config
@view_config(route_name="harbour.tide", request_method="GET")
def tide(request): ...
class Quay:
    @view_config(route_name="quay.book", request_method="POST")
    def book(self): ...
@view_config(route_name="quay.any")
def anything(request): ...
"#;
    assert_eq!(
        labels("harbour/views.py", text),
        ["GET harbour.tide", "POST quay.book", "ANY quay.any"]
    );
}

#[test]
fn a_decorator_with_options_of_a_queue_makes_a_task() {
    let text = r#"
from harbour import tasks
@tasks.task(bind=True, acks_late=True)
def report(task, request): ...
@tasks.task(title="Count the boats")
def count(): ...
@register_task_handler()
def moor(): ...
"#;
    let text = format!("from quay.decorators import register_task_handler{text}");
    assert_eq!(labels("harbour/jobs.py", &text), ["task report", "task moor"]);
}

#[test]
fn methods_for_remote_callers_are_entry_points() {
    let text = r#"
from rpc import goat_rpc_method
@goat_rpc_method(name="goats.list")
def goats(): ...
@mcp.tool()
async def find(query): ...
@cli.tool()
def other(): ...
"#;
    assert_eq!(labels("farm/rpc.py", text), ["RPC goats.list", "tool find"]);
}

#[test]
fn a_class_that_a_blueprint_makes_a_view_of_is_entered_at_its_process() {
    let handlers = "class Base:\n    def _check_access(self): ...\nclass Tide(Base):\n    def _name(self): ...\n    def _process(self): ...\n    def handle_upload(self): ...\n    def post(self): ...\n";
    let blueprint = "from flask import Blueprint\nfrom harbour.handlers import Tide\nbp = Blueprint('harbour', __name__)\nbp.add_url_rule('/tide', 'tide', Tide, methods=('GET', 'POST'))\n";
    let found = all(&[("harbour/blueprint.py", blueprint), ("harbour/handlers.py", handlers)]);
    let places: Vec<&str> = found.iter().map(|(_, _, place)| place.as_str()).collect();
    assert_eq!(
        places,
        [
            "harbour/handlers.py:Tide._process",
            "harbour/handlers.py:Tide.handle_upload",
            "harbour/handlers.py:Tide.post"
        ]
    );
}

/// Routes that are given their controller as an interface lead to what the only class behind it has, in fields behind a wrapper too.
#[test]
fn handlers_of_an_interface_are_those_of_the_class_behind_it() {
    let controller = r#"
import { Request, RequestHandler, Response } from "express";
import { caught } from "./caught";
export interface Herds { all: RequestHandler; one: RequestHandler; add(req: Request, res: Response): Promise<void>; }
export class HerdController implements Herds {
  all = caught(async (req: Request, res: Response) => { res.json([]); });
  one = async (req: Request, res: Response) => { res.json({}); };
  async add(req: Request, res: Response) { res.json({}); }
}
"#;
    let routes = r#"
import { Router } from "express";
import { Herds } from "./controller";
export const herds = (controller: Herds): Router => {
  const router = Router();
  router.get("/herds", controller.all);
  router.get("/herds/:id", controller.one);
  router.post("/herds", controller.add);
  return router;
};
"#;
    let caught =
        "export const caught = (run) => async (req, res, next) => { try { await run(req, res); } catch (error) { next(error); } };\n";
    let files = [("controller.ts", controller), ("routes.ts", routes), ("caught.ts", caught)];
    let found: Vec<(String, String)> = all(&files).into_iter().map(|(_, label, function)| (label, function)).collect();
    let labels: Vec<&str> = found.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(labels, ["GET /herds", "GET /herds/:id", "POST /herds"]);
    assert!(
        found.iter().all(|(_, function)| function.starts_with("controller.ts:")),
        "{found:?}"
    );
    // Of two classes it is not known which one it is.
    let other = format!(
        "{controller}export class OtherController implements Herds {{ all = caught(async (req, res) => {{}}); one = this.all; async add(req, res) {{}} }}\n"
    );
    let files = [("controller.ts", other.as_str()), ("routes.ts", routes), ("caught.ts", caught)];
    assert!(!all(&files).iter().any(|(_, label, _)| label == "GET /herds"));
}

/// A handler that a wrapper of the program was given, and that is kept before it is registered, is the one that the route runs.
#[test]
fn handlers_that_are_wrapped_and_kept() {
    let wrap = "export const caught = (run) => (req, res, next) => Promise.resolve(run(req, res, next)).catch(next);\nexport function counted(name, run) {\n  return async (req, res, next) => { count(name); await run(req, res, next); };\n}\nexport const answers = (text, log) => (req, res) => { log(text); res.send(text); };\nconst count = (name) => name;\n";
    let herds = "import { caught } from \"./wrap\";\nasync function list(req, res) { res.json([]); }\nasync function add(req, res) { res.json({}); }\nexport default { list: caught(list), add: caught(add) };\n";
    let app = "import express from \"express\";\nimport herds from \"./herds\";\nimport { answers, caught, counted } from \"./wrap\";\nconst app = express();\nconst one = caught(async (req, res) => { res.json({}); });\nconst some = counted(\"some\", function some(req, res) { res.json([]); });\nconst hello = answers(\"hello\", console.log);\napp.get(\"/one\", one);\napp.get(\"/some\", some);\napp.get(\"/herds\", herds.list);\napp.post(\"/herds\", herds.add);\napp.get(\"/hello\", hello);\n";
    let files = [("app.ts", app), ("herds.ts", herds), ("wrap.ts", wrap)];
    let found: Vec<String> = all(&files)
        .into_iter()
        .map(|(_, label, function)| format!("{label} {function}"))
        .collect();
    assert_eq!(
        found,
        [
            "GET /one app.ts:",
            "GET /some app.ts:some",
            "GET /herds herds.ts:list",
            "POST /herds herds.ts:add",
            "GET /hello wrap.ts:answers"
        ]
    );
}

/// Elysia's steps run around the handlers of its server.
#[test]
fn steps_around_elysias_handlers() {
    let app = "import { Elysia } from \"elysia\";\nimport { keyOf } from \"./keys\";\nexport const limit = new Elysia({ name: \"limit\" })\n  .derive(keyOf)\n  .onBeforeHandle({ as: \"global\" }, ({ headers }) => { count(headers[\"x-key\"]); })\n  .onError(({ error }) => String(error));\nconst count = (key) => key;\n";
    let keys = "export async function keyOf({ headers }) { return { key: headers[\"x-key\"] }; }\n";
    let labels: Vec<String> = all(&[("app.ts", app), ("keys.ts", keys)])
        .into_iter()
        .map(|(_, label, _)| label)
        .collect();
    assert_eq!(labels, ["hook `derive`", "hook `onBeforeHandle`", "hook `onError`"]);
    // Other libraries' chains have such names, too.
    let other = app.replace("elysia", "streams").replace("Elysia", "Stream");
    assert!(all(&[("app.ts", &other), ("keys.ts", keys)]).is_empty());
}
