//! The repository's own front end says how often, and of how many objects, its server is asked.

use perfaudit::config::Details;
use perfaudit::engine::places::Places;
use perfaudit::finding::{Finding, Priority};
use perfaudit::{Config, audit_texts};

use crate::doors;

/// All findings of a project of a few files.
fn findings(files: &[(&str, &str)]) -> Vec<Finding> {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let files = files.chain([doors::file()]).collect();
    let config = Config {
        min_priority: Some(Priority::P3),
        ..Config::default()
    };
    audit_texts(&config, files).expect("a report").findings
}

const RESOLVERS: &str = r#"
import { Parent, Query, ResolveField, Resolver } from "@nestjs/graphql";
import { DataSource } from "typeorm";
import { Note, Trip } from "./entities";

@Resolver(() => Trip)
export class TripResolver {
  constructor(private dataSource: DataSource) {}

  @Query(() => [Trip])
  async trips() {
    return this.dataSource.getRepository(Trip).find({ take: 50 });
  }

  @Query(() => Trip)
  async trip(id: string) {
    return this.dataSource.getRepository(Trip).findOne({ where: { id } });
  }

  @ResolveField(() => [Note], { name: "notes" })
  async notesOf(@Parent() trip: Trip) {
    return this.dataSource.getRepository(Note).find({ where: { tripId: trip.id } });
  }
}
"#;

const ENTITIES: &str = r#"
import { Column, Entity, PrimaryColumn } from "typeorm";
@Entity() export class Trip { @PrimaryColumn() id: string; }
@Entity() export class Note { @PrimaryColumn() id: string; @Column() tripId: string; }
"#;

/// Priority and reason of the resolver's statements, with a front end that asks so.
fn resolver(client: &str) -> (Priority, String) {
    let files = [
        ("server/trip.resolver.ts", RESOLVERS),
        ("server/entities.ts", ENTITIES),
        ("web/src/TripsPage.tsx", client),
    ];
    let found = findings(&files);
    let one = found
        .iter()
        .find(|finding| finding.rule == "n-plus-one")
        .expect("the resolver's finding");
    (one.priority, one.reason.clone())
}

#[test]
fn a_field_resolver_is_as_heavy_as_its_own_clients_make_it() {
    let (priority, _) = resolver("");
    assert_eq!(priority, Priority::P2);

    let (priority, reason) = resolver("export function TripsPage() { return useQuery(gql`query Trips { trips { id notes { id } } }`); }");
    assert_eq!(priority, Priority::P2);
    assert!(reason.contains("a list that Trips (TripsPage) asks"), "{reason}");

    let (priority, reason) =
        resolver("export function TripPage() { return useQuery(gql`query Trip($id: ID!) { trip(id: $id) { notes { id } } }`); }");
    assert_eq!(priority, Priority::P3);
    assert!(reason.contains("the single objects that Trip (TripPage) asks"), "{reason}");

    let (priority, reason) = resolver("export const TRIPS = graphql(`query Trips { trips { id } }`);");
    assert_eq!(priority, Priority::P3);
    assert!(reason.contains("no client here"), "{reason}");
}

#[test]
fn where_a_router_is_put_names_a_finding_and_does_not_make_it_new() {
    let routes = "from fastapi import APIRouter\nfrom sqlalchemy import select\nfrom shop.models import Note, session\nrouter = APIRouter(prefix='/notes')\n\n@router.get('')\ndef notes():\n    return session.scalars(select(Note)).all()\n";
    let models = "from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column\nsession = Session()\nclass Base(DeclarativeBase): ...\nclass Note(Base):\n    __tablename__ = 'notes'\n    id: Mapped[int] = mapped_column(primary_key=True)\n";
    let main = |prefix: &str| {
        format!(
            "from fastapi import FastAPI\nfrom shop.routes import router\napp = FastAPI()\napp.include_router(router, prefix='{prefix}')\n"
        )
    };
    let list = |prefix: &str| {
        let main = main(prefix);
        let files = [
            ("shop/main.py", main.as_str()),
            ("shop/models.py", models),
            ("shop/routes.py", routes),
        ];
        let found = findings(&files);
        let mut lists = found
            .into_iter()
            .filter(|finding| finding.rule == "list-endpoint-without-pagination");
        lists.next().expect("a finding")
    };
    let (one, other) = (list("/api/v1"), list("/api/v2"));
    assert!(one.title.starts_with("GET /api/v1/notes returns"), "{}", one.title);
    assert!(other.title.starts_with("GET /api/v2/notes returns"), "{}", other.title);
    assert_eq!(one.fingerprint, other.fingerprint);
}

const BOATS: &str = r#"
from fastapi import APIRouter, FastAPI
from sqlalchemy import select
from shop.models import Boat, Berth, session
app = FastAPI()
router = APIRouter()

@router.get("/boats")
def boats():
    out = []
    for boat in session.scalars(select(Boat).limit(50)):
        out.append(session.scalar(select(Berth).where(Berth.boat_id == boat.id)))
    return out

@router.get("/berths")
def berths():
    return session.scalars(select(Berth).limit(20)).all()

app.include_router(router, prefix="/api")
"#;

const TABLES: &str = r#"
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
session = Session()
class Base(DeclarativeBase): ...
class Boat(Base):
    __tablename__ = "boats"
    id: Mapped[int] = mapped_column(primary_key=True)
class Berth(Base):
    __tablename__ = "berths"
    id: Mapped[int] = mapped_column(primary_key=True)
    boat_id: Mapped[int] = mapped_column()
"#;

/// The files of a small harbour with a page of its front end.
fn harbour(page: &str) -> Vec<(&str, &str)> {
    vec![("shop/main.py", BOATS), ("shop/models.py", TABLES), ("web/BoatMap.tsx", page)]
}

#[test]
fn a_route_that_pages_poll_is_asked_without_a_pause() {
    let page = |every: &str| {
        format!("export function BoatMap() {{ useEffect(() => {{ setInterval(() => fetch('/api/boats'), {every}); }}, []); }}")
    };
    let gain = |page: &str| {
        let found = findings(&harbour(page));
        let one = found
            .iter()
            .find(|finding| finding.rule == "n-plus-one")
            .expect("the loop's finding");
        (one.gain, one.reason.clone())
    };
    let (seldom, reason) = gain("export function BoatMap() { fetch('/api/boats'); }");
    assert!(!reason.contains("polled"), "{reason}");
    let (polled, reason) = gain(&page("5000"));
    assert!(polled > seldom, "{polled:?} {seldom:?}");
    assert!(
        reason.contains("again and again: GET /api/boats, polled every 5 s by BoatMap"),
        "{reason}"
    );
    // Once in ten minutes is no load.
    assert_eq!(gain(&page("600_000")).0, seldom);
}

#[test]
fn the_list_of_calls_says_who_asks() {
    let page = "export function BoatMap() { useSWR('/api/boats', get, { refreshInterval: 5000 }); }";
    let facts = harbour(page).into_iter().map(|(path, text)| {
        let kind = perfaudit::walk::FileKind::of(path).expect("a kind");
        perfaudit::syntax::facts::extract(path, kind, text)
    });
    let project = perfaudit::project::Project::link(facts.collect());
    let list = perfaudit::report::calls::CallList::of(&project, ".", None, &Places::default()).expect("a list");
    let text = list.text();
    assert!(text.contains("from GET /api/boats  polled every 5 s by BoatMap\n"), "{text}");
    assert!(text.contains("from GET /api/berths  asked by no client here\n"), "{text}");
    assert!(
        list.json().contains(r#""asked_by": "polled every 5 s by BoatMap""#),
        "{}",
        list.json()
    );
    // So does the audit's inventory.
    let texts = harbour(page).into_iter().map(|(path, text)| (path.to_owned(), text.to_owned()));
    let config = Config {
        details: Details::All,
        ..Config::default()
    };
    let report = audit_texts(&config, texts.collect()).expect("a report");
    let rows = report.inventory.endpoints.into_iter();
    let asked: Vec<String> = rows.map(|row| row.asked_by).collect();
    assert_eq!(asked, ["polled every 5 s by BoatMap", "asked by no client here"]);
}
