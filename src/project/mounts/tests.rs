use crate::libraries::entries::{EntryKind, Often};
use crate::libraries::shared::effects::LibraryData;
use crate::project::Project;
use crate::syntax::facts::extract;
use crate::vocabulary::{Open, Vocabulary};
use crate::walk::FileKind;

fn project(files: &[(&str, &str)]) -> Project {
    let mut files = files.to_vec();
    files.sort_unstable();
    let facts = files
        .into_iter()
        .map(|(path, text)| extract(path, FileKind::of(path).expect("a kind"), text));
    Project::link(facts.collect())
}

/// The addresses of a project, in the order of the alphabet, each once.
fn labels(files: &[(&str, &str)]) -> Vec<String> {
    let project = project(files);
    let entries = project.graph.entries.iter();
    let asked = entries.filter(|entry| matches!(entry.kind, EntryKind::Route | EntryKind::Action));
    let mut labels: Vec<String> = asked.map(|entry| entry.label.clone()).collect();
    labels.sort();
    labels.dedup();
    labels
}

#[test]
fn fastapi_routers_in_routers_of_other_files() {
    let files = [
        (
            "app/main.py",
            "from fastapi import FastAPI\nfrom app.api import api\napp = FastAPI()\napp.include_router(api, prefix='/v1')\n",
        ),
        (
            "app/api.py",
            "from fastapi import APIRouter\nfrom app import boats\napi = APIRouter(prefix='/api')\napi.include_router(boats.router, prefix='/fleet')\n\n@api.get('/health')\ndef health():\n    return 1\n",
        ),
        (
            "app/boats.py",
            "from fastapi import APIRouter\nrouter = APIRouter(prefix='/boats')\n\n@router.get('')\ndef boats():\n    return []\n\n@router.post('/{id}/moor')\ndef moor(id):\n    return id\n",
        ),
    ];
    assert_eq!(
        labels(&files),
        [
            "GET /v1/api/fleet/boats",
            "GET /v1/api/health",
            "POST /v1/api/fleet/boats/{id}/moor"
        ]
    );
    // What a baseline knows is the route as its own file has it.
    let project = project(&files);
    let boats = project.graph.entries.iter().find(|entry| entry.label.ends_with("boats"));
    assert_eq!(boats.map(|entry| entry.own_label.as_str()), Some("GET /boats"));
}

#[test]
fn a_blueprints_own_path_gives_way_to_the_one_it_is_registered_with() {
    let main = |how: &str| {
        format!(
            "from flask import Flask\nfrom boats import bp\n\ndef create():\n    app = Flask('x')\n    app.register_blueprint(bp{how})\n    return app\n"
        )
    };
    let boats = "from flask import Blueprint\nbp = Blueprint('boats', __name__, url_prefix='/boats')\n\n@bp.route('/all')\ndef every():\n    return []\n";
    assert_eq!(labels(&[("main.py", &main("")), ("boats.py", boats)]), ["GET /boats/all"]);
    let given = main(", url_prefix='/api/fleet'");
    assert_eq!(labels(&[("main.py", &given), ("boats.py", boats)]), ["GET /api/fleet/all"]);
}

#[test]
fn django_includes_and_routers_of_viewsets() {
    let files = [
        (
            "config/urls.py",
            "from django.urls import include, path\nfrom boats.views import router\n\nextra = [path('ping', views.ping)]\nurlpatterns = [\n    path('api/', include(router.urls)),\n    path('fleet/', include('boats.urls')),\n    path('more/', include(extra)),\n]\n",
        ),
        (
            "boats/urls.py",
            "from django.urls import path\nfrom . import views\n\nurlpatterns = [path('all/', views.every)]\n",
        ),
        (
            "boats/views.py",
            "from rest_framework import viewsets, routers\nfrom rest_framework.decorators import action\n\ndef every(request):\n    return []\n\nclass BoatViewSet(viewsets.ModelViewSet):\n    def list(self, request):\n        return []\n\n    def retrieve(self, request, pk):\n        return pk\n\n    @action(detail=True, methods=['post'], url_path='tie-up')\n    def moor(self, request, pk):\n        return pk\n\nrouter = routers.DefaultRouter()\nrouter.register('boats', BoatViewSet)\n",
        ),
    ];
    assert_eq!(
        labels(&files),
        [
            "ANY /api/boats/{id}/tie-up/",
            "ANY /fleet/all/",
            "GET /api/boats/",
            "GET /api/boats/{id}/"
        ]
    );
}

#[test]
fn express_routers_plugins_and_chains() {
    let express = [
        (
            "src/app.ts",
            "import express from 'express';\nimport { boats } from './boats';\nimport { auth } from './auth';\nconst app = express();\nconst api = express.Router();\napp.use('/api', auth, api);\napi.use('/boats', boats);\n",
        ),
        ("src/auth.ts", "export function auth(req, res, next) { next(); }\n"),
        (
            "src/boats.ts",
            "import { Router } from 'express';\nexport const boats = Router();\nboats.get('/:id', (req, res) => res.json(1));\n",
        ),
    ];
    assert_eq!(labels(&express), ["GET /api/boats/:id"]);
    let hono = [
        (
            "src/app.ts",
            "import { Hono } from 'hono';\nimport { boats } from './boats';\nexport const app = new Hono().route('/boats', boats);\n",
        ),
        (
            "src/boats.ts",
            "import { Hono } from 'hono';\nexport const boats = new Hono().get('/', (c) => c.json([])).post('/new', (c) => c.json(1));\n",
        ),
    ];
    assert_eq!(labels(&hono), ["GET /boats", "POST /boats/new"]);
    let fastify = [
        (
            "src/app.ts",
            "import Fastify from 'fastify';\nimport { boats } from './boats';\nconst fastify = Fastify();\nfastify.register(boats, { prefix: '/fleet' });\n",
        ),
        (
            "src/boats.ts",
            "export async function boats(fastify) {\n  fastify.get('/boats', async () => []);\n}\n",
        ),
    ];
    assert_eq!(labels(&fastify), ["GET /fleet/boats"]);
}

#[test]
fn the_global_prefix_of_a_nest_application_is_of_its_own_folder() {
    let controller = "import { Controller, Get } from '@nestjs/common';\n@Controller('boats')\nexport class Boats {\n  @Get('all')\n  every() { return []; }\n}\n";
    let files = [
        (
            "apps/one/main.ts",
            "const app = await NestFactory.create(AppModule);\napp.setGlobalPrefix('api/v1');\n",
        ),
        ("apps/one/boats/boats.controller.ts", controller),
        ("apps/two/boats.controller.ts", controller),
    ];
    assert_eq!(labels(&files), ["GET /api/v1/boats/all", "GET /boats/all"]);
    let versioned = "app.enableVersioning({ defaultVersion: '2', type: VersioningType.URI });\napp.setGlobalPrefix('api');\n";
    assert_eq!(
        labels(&[("src/main.ts", versioned), ("src/boats.ts", controller)]),
        ["GET /api/v2/boats/all"]
    );
    let by_header = "app.enableVersioning({ defaultVersion: '2', type: VersioningType.HEADER });\n";
    assert_eq!(
        labels(&[("src/main.ts", by_header), ("src/boats.ts", controller)]),
        ["GET /boats/all"]
    );
}

#[test]
fn procedures_are_called_by_the_names_of_their_routers() {
    let files = [
        (
            "src/root.ts",
            "import { createTRPCRouter } from './trpc';\nimport { boatRouter } from './boat';\nexport const appRouter = createTRPCRouter({ boat: boatRouter });\n",
        ),
        (
            "src/boat.ts",
            "import { createTRPCRouter, publicProcedure } from './trpc';\nexport const boatRouter = createTRPCRouter({\n  all: publicProcedure.query(async () => []),\n  crew: createTRPCRouter({ hire: publicProcedure.mutation(async () => 1) }),\n});\n",
        ),
    ];
    assert_eq!(labels(&files), ["tRPC mutation boat.crew.hire", "tRPC query boat.all"]);
}

#[test]
fn what_is_put_below_admin_is_for_staff() {
    let main = |prefix: &str| {
        format!("from fastapi import FastAPI\nfrom boats import router\napp = FastAPI()\napp.include_router(router, prefix='{prefix}')\n")
    };
    let boats = "from fastapi import APIRouter\nrouter = APIRouter()\n\n@router.get('/all')\ndef every():\n    return []\n";
    let often = |prefix: &str| {
        let main = main(prefix);
        let project = project(&[("main.py", &main), ("boats.py", boats)]);
        project
            .graph
            .entries
            .iter()
            .find(|entry| entry.label.ends_with("/all"))
            .map(|entry| entry.often)
    };
    assert_eq!(often("/admin"), Some(Often::Seldom));
    assert_eq!(often("/api"), Some(Often::Read));
}

#[test]
fn staff_places_of_the_run_decide_which_way_is_used_most() {
    let text = "from fastapi import FastAPI\napp = FastAPI()\n\n@app.get('/backroom')\ndef a():\n    return load()\n\n@app.post('/sales')\ndef b():\n    return load()\n\ndef load():\n    return 1\n";
    let best = |words: Vocabulary| {
        let facts = extract("main.py", FileKind::Python, text);
        let project = Project::link_with(vec![facts], words, LibraryData::built_in());
        let load = project.graph.functions.len() - 1;
        project
            .graph
            .entry_of(crate::project::graph::FnId(load as u32))
            .map(|entry| entry.label.clone())
    };
    assert_eq!(best(Vocabulary::default()).as_deref(), Some("GET /backroom"));
    let mut words = Vocabulary::default();
    words.add(Open::StaffPlaces, &["backroom".to_owned()]).expect("a word");
    assert_eq!(best(words).as_deref(), Some("POST /sales"));
}

#[test]
fn routers_in_a_circle_keep_their_own_paths() {
    let text = "from fastapi import APIRouter\na = APIRouter()\nb = APIRouter()\na.include_router(b, prefix='/b')\nb.include_router(a, prefix='/a')\n\n@a.get('/x')\ndef x():\n    return 1\n";
    assert_eq!(labels(&[("main.py", text)]), ["GET /x"]);
}
