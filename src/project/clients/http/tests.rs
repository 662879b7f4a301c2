use crate::libraries::entries::Often;
use crate::project::Project;
use crate::syntax::facts::extract;
use crate::walk::FileKind;

const SERVER: &str = r#"
from fastapi import APIRouter, FastAPI
app = FastAPI()
router = APIRouter(prefix="/boats")

@router.get("")
def boats():
    return []

@router.get("/{id}/position")
def position(id):
    return id

@router.post("/{id}/moor")
def moor(id):
    return id

app.include_router(router, prefix="/api")
"#;

fn project(clients: &[(&str, &str)]) -> Project {
    let mut files = vec![("server/main.py", SERVER)];
    files.extend(clients);
    files.sort_unstable();
    let facts = files
        .into_iter()
        .map(|(path, text)| extract(path, FileKind::of(path).expect("a kind"), text));
    Project::link(facts.collect())
}

/// Who asks the routes of the server: boats, position, moor.
fn asked(clients: &[(&str, &str)]) -> [String; 3] {
    let project = project(clients);
    ["GET /api/boats", "GET /api/boats/{id}/position", "POST /api/boats/{id}/moor"].map(|label| {
        let entry = project.graph.entries.iter().find(|entry| entry.label == label);
        project.clients.words(entry.expect("a route"))
    })
}

const NOBODY: &str = "asked by no client here";

#[test]
fn fetch_and_hooks_in_components() {
    let page = r#"
        export function BoatsPage({ id }) {
          useEffect(() => { fetch(`/api/boats?page=${id}`).then(show); }, []);
          const { data } = useSWR(id ? `/api/boats/${id}/position` : null, fetcher, { refreshInterval: 5000 });
          const moor = async () => { await fetch(`/api/boats/${id}/moor`, { method: "POST" }); };
        }
    "#;
    assert_eq!(
        asked(&[("web/BoatsPage.tsx", page)]),
        ["asked by BoatsPage", "polled every 5 s by BoatsPage", "asked by BoatsPage"]
    );
}

#[test]
fn a_clients_base_and_helpers_and_hooks_between() {
    let http = "import axios from 'axios';\nexport const http = axios.create({ baseURL: process.env.API ?? '/api' });\n";
    let api = "import { http } from './http';\nexport const loadBoats = () => http.get('/boats');\nexport const boatApi = { position: (id) => http.get(`boats/${id}/position`) };\n";
    let hook = "import { loadBoats, boatApi } from './api';\nconst OFTEN = 10 * 1000;\nexport function useBoats() { return useQuery({ queryKey: ['boats'], queryFn: loadBoats }); }\nexport function usePosition(id) { return useQuery({ queryKey: [id], queryFn: () => boatApi.position(id), refetchInterval: 2 * 1000 }); }\n";
    let page = "import { useBoats, usePosition } from './hooks';\nexport function Fleet() { const boats = useBoats(); return null; }\nexport const BoatMap = ({ id }) => { usePosition(id); return null; };\nexport function Harbour() { useBoats(); }\n";
    let files = [
        ("web/http.ts", http),
        ("web/api.ts", api),
        ("web/hooks.ts", hook),
        ("web/pages.tsx", page),
    ];
    assert_eq!(asked(&files), ["asked by Fleet, Harbour", "polled every 2 s by BoatMap", NOBODY]);
}

#[test]
fn a_route_whose_word_stands_in_a_client_is_not_said_to_be_unused() {
    let page = "export function Fleet() { fetch('/api/boats'); return <a href={`/api/boats/${id}/position`}>where</a>; }";
    assert_eq!(asked(&[("web/Fleet.tsx", page)]), ["asked by Fleet", "", NOBODY]);
}

#[test]
fn timers_repeat_what_they_call() {
    let page = r#"
        export function BoatMap({ id }) {
          const load = async () => { setPosition(await fetch(`${API_URL}/boats/${id}/position`)); };
          useEffect(() => { const timer = setInterval(load, 3000); return () => clearInterval(timer); }, []);
          useEffect(() => { setInterval(() => fetch("/api/boats"), 60000); }, []);
        }
    "#;
    let files = [("web/BoatMap.tsx", page)];
    assert_eq!(
        asked(&files),
        ["polled every 60 s by BoatMap", "polled every 3 s by BoatMap", NOBODY]
    );
    // What pages poll is on the way of nearly every request.
    let project = project(&files);
    let often = |label: &str| {
        project
            .graph
            .entries
            .iter()
            .find(|entry| entry.label == label)
            .map(|entry| entry.often)
    };
    assert_eq!(often("GET /api/boats/{id}/position"), Some(Often::Always));
    assert_eq!(often("POST /api/boats/{id}/moor"), Some(Often::Act));
}

#[test]
fn endpoints_of_rtk_query_are_asked_by_their_hooks() {
    let api = r#"
        export const api = createApi({
          baseQuery: fetchBaseQuery({ baseUrl: "/api" }),
          endpoints: (builder) => ({
            getBoats: builder.query({ query: () => "boats" }),
            getPosition: builder.query({ query: (id) => ({ url: `boats/${id}/position` }) }),
            moor: builder.mutation({ query: (id) => ({ url: `boats/${id}/moor`, method: "POST" }) }),
          }),
        });
        export const { useGetBoatsQuery, useGetPositionQuery, useMoorMutation } = api;
    "#;
    let page = r#"
        import { useGetBoatsQuery, useGetPositionQuery, useMoorMutation } from "./api";
        export function Fleet({ id }) {
          const boats = useGetBoatsQuery();
          const position = useGetPositionQuery(id, { pollingInterval: 4000 });
          const [moor] = useMoorMutation();
        }
    "#;
    assert_eq!(
        asked(&[("web/api.ts", api), ("web/Fleet.tsx", page)]),
        ["asked by Fleet", "polled every 4 s by Fleet", "asked by Fleet"]
    );
}

#[test]
fn what_is_no_client_of_this_server_says_nothing() {
    let none = [String::new(), String::new(), String::new()];
    for text in [
        "",
        // Another machine.
        "export function Map() { fetch('https://tiles.example.com/api/boats'); }",
        // A cache, and a server's own routes.
        "export function Map() { cache.get('/api/boats'); }",
        "import express from 'express';\nconst api = express();\napi.get('/boats', (req, res) => res.json([]));\n",
        // Another method.
        "export function Map() { fetch('/api/boats', { method: 'DELETE' }); }",
    ] {
        assert_eq!(asked(&[("web/Map.tsx", text)]), none, "{text}");
    }
    assert_eq!(asked(&[("tests/map.spec.ts", "function Map() { fetch('/api/boats'); }")]), none);
}
