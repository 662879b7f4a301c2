//! The repository's own front end says how often, and of how many objects, its server is asked.

use perfaudit::finding::{Finding, Priority};
use perfaudit::{Config, audit_texts};

/// All findings of a project of a few files.
fn findings(files: &[(&str, &str)]) -> Vec<Finding> {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
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
