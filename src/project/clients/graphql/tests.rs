use super::*;
use crate::project::Project;
use crate::syntax::facts::extract;
use crate::walk::FileKind;

const SERVER: &str = r#"
import strawberry

@strawberry.type
class Order(Node):
    @strawberry.field
    async def open_lines(self, info) -> list[str]:
        return await info.context.db.fetch("SELECT id FROM lines WHERE order_id = $1", self.id)

@strawberry.type
class Query:
    @strawberry.field
    async def orders(self) -> list[Order]:
        return []

    @strawberry.field
    async def order(self, id: str) -> Order:
        return Order()
"#;

const SCHEMA: &str = "
type Query { orders: [Order!]! order(id: ID!): Order news: Feed }
type Order implements Sold { openLines: [String!]! }
type Feed { latest: [Order!]! }
type Cart { openLines: [String!]! }
interface Sold { openLines: [String!]! }
";

/// How the clients of some files ask for an order's open lines.
fn asked(clients: &[(&str, &str)]) -> Option<FieldUse> {
    let mut files = vec![("server/api.py", SERVER)];
    files.extend(clients);
    files.sort_unstable();
    let facts = files
        .into_iter()
        .map(|(path, text)| extract(path, FileKind::of(path).expect("a kind"), text));
    let project = Project::link(facts.collect());
    let mut entries = project.graph.entries.iter();
    let entry = entries
        .find(|entry| entry.field.as_ref().is_some_and(|field| field.name == "openLines"))
        .expect("the resolver");
    project.clients.field(entry.function).cloned()
}

fn under_list(by: &str) -> FieldUse {
    FieldUse::UnderList(format!("{by} asks"))
}

fn of_one(by: &str) -> FieldUse {
    FieldUse::OfOne(format!("{by} asks"))
}

#[test]
fn a_field_under_a_list_is_asked_of_each_of_its_objects() {
    let page = "function OrdersPage() { useQuery(gql`query Orders { orders { id ...Row } } ${ROW}`); }";
    let row = "export const ROW = gql`fragment Row on Order { openLines }`;";
    let wanted = Some(under_list("Orders (OrdersPage)"));
    // With a schema and, by the plural, without one. What is named is the operation, not the fragment.
    for schema in ["", SCHEMA] {
        let files = [("web/page.tsx", page), ("web/row.ts", row), ("web/schema.graphql", schema)];
        assert_eq!(asked(&files), wanted);
    }
    let connection = "query Feed { order(id: 1) { related { edges { node { openLines } } } } }";
    assert_eq!(asked(&[("web/feed.graphql", connection)]), Some(under_list("Feed (feed.graphql)")));
}

#[test]
fn a_field_of_single_objects_is_asked_once() {
    for text in [
        "query One { order(id: 1) { openLines } }",
        "query One { orders(first: 1) { edges { node { openLines } } } }",
        "query One { order(id: 1) { ... on Order { alias: openLines } } }",
    ] {
        assert_eq!(asked(&[("web/one.graphql", text)]), Some(of_one("One (one.graphql)")), "{text}");
    }
    // One list is enough.
    let both = "query One { order(id: 1) { openLines } } query All { orders { openLines } }";
    assert_eq!(asked(&[("web/both.graphql", both)]), Some(under_list("All (both.graphql)")));
}

#[test]
fn a_schema_tells_lists_and_types_that_names_do_not() {
    let latest = "query News { news { latest { openLines } } }";
    let schema = ("web/schema.graphql", SCHEMA);
    let files = [("web/news.graphql", latest), ("web/more.graphql", "{ orders { id } }"), schema];
    assert_eq!(asked(&files), Some(under_list("News (news.graphql)")));
    // Another type's field of this name is another resolver's; an interface's may be this one's.
    let of = |on: &str| format!("query Any {{ orders {{ id }} any {{ all {{ edges {{ ... on {on} {{ openLines }} }} }} }} }}");
    assert_eq!(asked(&[("web/any.graphql", &of("Cart")), schema]), Some(FieldUse::Nowhere));
    assert_eq!(
        asked(&[("web/any.graphql", &of("Sold")), schema]),
        Some(under_list("Any (any.graphql)"))
    );
}

#[test]
fn without_a_client_of_this_server_nothing_is_said() {
    assert_eq!(asked(&[]), None);
    assert_eq!(asked(&[("web/schema.graphql", SCHEMA)]), None);
    let other = "query Repositories { viewer { repositories { openLines } } }";
    assert_eq!(asked(&[("web/github.graphql", other)]), None);
    let orders = "query Orders { orders { id } }";
    assert_eq!(asked(&[("web/orders.graphql", orders)]), Some(FieldUse::Nowhere));
    // Tests are no clients.
    assert_eq!(asked(&[("tests/orders.graphql", "query Orders { orders { openLines } }")]), None);
    // What was not read may ask it, and so may who takes in a fragment.
    let broken = "query Orders { orders { id } } query Rest { orders { openLines ";
    assert_eq!(asked(&[("web/orders.graphql", broken)]), None);
    let fragment = "query Orders { orders { id } } fragment Lines on Order { openLines }";
    assert_eq!(asked(&[("web/orders.graphql", fragment)]), None);
}

#[test]
fn fragments_in_circles_end() {
    let circle = "query Q { orders { ...A } } fragment A on Order { ...B openLines } fragment B on Order { ...A }";
    assert_eq!(asked(&[("web/q.graphql", circle)]), Some(under_list("Q (q.graphql)")));
}

#[test]
fn a_fragment_that_nobody_takes_in_does_not_hide_how_clients_ask() {
    let one = "query One { order(id: 1) { openLines } } query All { orders { id } } fragment Old on Order { openLines }";
    assert_eq!(asked(&[("web/one.graphql", one)]), Some(of_one("One (one.graphql)")));
}

#[test]
fn fields_of_unknown_types_do_not_count_where_clients_ask_by_the_type() {
    let one = "query One { order(id: 1) { openLines } } query Depot { depot { crates { openLines } } }";
    let schema = ("web/schema.graphql", SCHEMA);
    assert_eq!(asked(&[("web/one.graphql", one), schema]), Some(of_one("One (one.graphql)")));
    // Where nobody asks the type by its name, any of them may be meant.
    let depot = "query Depot { orders { id } depot { crates { openLines } } }";
    assert_eq!(
        asked(&[("web/one.graphql", depot), schema]),
        Some(under_list("Depot (one.graphql)"))
    );
}

#[test]
fn the_schema_of_another_server_does_not_say_what_this_one_gives() {
    let all = "query All { orders { openLines } }";
    let other = "type Query { orders: OrderPage rates: Rates zones: Zones } type OrderPage { openLines: Int }";
    let files = [
        ("web/all.graphql", all),
        ("web/carrier.graphql", other),
        ("web/schema.graphql", SCHEMA),
    ];
    assert_eq!(asked(&files), Some(under_list("All (all.graphql)")));
    let files = [
        ("web/a_schema.graphql", SCHEMA),
        ("web/all.graphql", all),
        ("web/carrier.graphql", other),
    ];
    assert_eq!(asked(&files), Some(under_list("All (all.graphql)")));
}

#[test]
fn a_field_that_no_client_asks_is_asked_seldom_and_says_so() {
    let often = |client: &str| {
        let files = [("server/api.py", SERVER), ("web/orders.graphql", client)];
        let facts = files.map(|(path, text)| extract(path, FileKind::of(path).expect("a kind"), text));
        let project = Project::link(facts.into());
        let entry = project.graph.entries.iter().find(|entry| entry.label.contains("open_lines"));
        let function = entry.map(|entry| project.graph.id(entry.function.0, entry.function.1));
        crate::judge::reach::of(&project, function.expect("the resolver")).words()
    };
    assert!(often("query Orders { orders { id } }").ends_with("open_lines, which no client here asks"));
    assert!(often("query Orders { orders { openLines } }").starts_with("each time"));
}

#[test]
fn what_only_documents_ask_that_no_code_uses_is_asked_by_nobody() {
    let list = ("web/gql/orders.graphql", "query AllOrders { orders { openLines } }");
    let one = ("web/gql/order.graphql", "query OneOrder { order(id: 1) { openLines } }");
    let generated = (
        "web/gql/generated.ts",
        "export const AllOrdersDocument = {}; export const OneOrderDocument = {};",
    );
    let page = (
        "web/page.ts",
        "import { OneOrderDocument } from './gql/generated'; run(OneOrderDocument);",
    );
    assert_eq!(asked(&[list, one, generated, page]), Some(of_one("OneOrder (order.graphql)")));
    let both = (
        "web/page.ts",
        "import ORDERS from './gql/orders.graphql'; import { useOneOrderQuery } from './gql/generated'; run(ORDERS);",
    );
    assert_eq!(asked(&[list, one, generated, both]), Some(under_list("AllOrders (orders.graphql)")));
    // How code comes to documents is not known here.
    assert_eq!(asked(&[list, one, generated]), Some(under_list("AllOrders (orders.graphql)")));
}
