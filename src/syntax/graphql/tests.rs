use super::*;
use crate::budget::{self, Limit};

fn field<'d>(selections: &'d [Selection], name: &str) -> (&'d [Selection], bool) {
    let found = selections.iter().find_map(|selection| match selection {
        Selection::Field {
            name: own,
            one,
            selections,
        } if own == name => Some((selections.as_slice(), *one)),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no field {name} in {selections:?}"))
}

#[test]
fn an_operation_is_read_with_aliases_arguments_directives_and_fragments() {
    let text = r#"
        # the page of one order
        query OrderPage($id: ID! = "a }", $f: Filter = {a: [1, 2]}) @cached(ttl: 60) {
          order: node(id: $id) { __typename, ... on Order @include(if: true) { lines(first: 1, filter: {x: {y: 2}}) { ...Line } } }
          ... { total }
        }
        fragment Line on OrderLine @argumentDefinitions(n: {type: "Int", defaultValue: 1}) { id product { name } }
        { plain }
    "#;
    let document = parse(text, 0);
    assert!(!document.is_broken, "{document:#?}");
    assert_eq!(document.operations.len(), 2);
    let page = &document.operations[0];
    assert_eq!((page.kind.as_str(), page.name.as_deref()), ("query", Some("OrderPage")));
    let (node, _) = field(&page.selections, "node");
    let [_, Selection::Inline { on, selections }] = node else {
        panic!("{node:?}")
    };
    assert_eq!(on.as_deref(), Some("Order"));
    let (lines, one) = field(selections, "lines");
    assert!(one);
    assert_eq!(lines, [Selection::Spread("Line".to_owned())]);
    assert_eq!(
        (document.fragments[0].name.as_str(), document.fragments[0].on.as_str()),
        ("Line", "OrderLine")
    );
    assert_eq!(field(&document.operations[1].selections, "plain").0, []);
}

#[test]
fn a_schema_says_which_fields_give_lists() {
    let text = r#"
        """ What { a shop sells """
        type Product implements Node & Priced @key(fields: "id") {
          "its name" name(locale: String = "en"): String!
          variants(first: Int = 50): [Variant!]! @deprecated
          shop: Shop
        }
        extend type Query { products: ProductConnection! }
        interface Node { id: ID! }
        union Found = | Product | Shop
        enum Color { RED GREEN }
        input Filter { a: Int = 1 }
        scalar Date @specifiedBy(url: "x")
        directive @cached(ttl: Int) repeatable on FIELD | QUERY
        schema { query: Query mutation: Changes }
    "#;
    let document = parse(text, 0);
    assert!(!document.is_broken, "{document:#?}");
    let product = &document.types[0];
    assert_eq!(
        (product.name.as_str(), product.implements.join(",").as_str()),
        ("Product", "Node,Priced")
    );
    let lists: Vec<_> = product
        .fields
        .iter()
        .map(|field| (field.name.as_str(), field.of.as_str(), field.is_list))
        .collect();
    assert_eq!(
        lists,
        [("name", "String", false), ("variants", "Variant", true), ("shop", "Shop", false)]
    );
    assert_eq!(document.types[1].fields[0].of, "ProductConnection");
    assert_eq!(document.types[3].members, ["Product", "Shop"]);
    assert_eq!(document.roots[1], ("mutation".to_owned(), "Changes".to_owned()));
}

#[test]
fn what_follows_a_mistake_is_not_read_and_the_document_says_so() {
    let document = parse("query A { a } query B { b( } query C { c }", 0);
    assert!(document.is_broken);
    assert_eq!(document.operations.len(), 1);
    for text in [
        "query",
        "{",
        "{a(",
        "{...",
        "{a:}",
        "type A { b: }",
        "type A { b",
        "\"",
        "\"\"\"",
        "query É { a }",
        "fragment F on",
    ] {
        let document = parse(text, 0);
        let types = document.types.len();
        assert!(
            document.is_broken || types == 0 && document.operations.is_empty(),
            "{text}: {document:?}"
        );
    }
}

#[test]
fn what_is_nested_too_deeply_or_too_long_is_cut_and_told() {
    let deep = format!("{}{}", "{a ".repeat(100_000), "}".repeat(100_000));
    let (document, told) = budget::hearing(|| parse(&deep, 0));
    assert!(document.is_broken);
    assert_eq!(told.iter().map(|(limit, _)| *limit).collect::<Vec<_>>(), [Limit::Nesting]);
    let long = format!("query First {{ b }} {{{}}}", "a ".repeat(Limit::GraphQlFields.count()));
    let (document, told) = budget::hearing(|| parse(&long, 0));
    assert!(document.is_broken);
    assert_eq!(document.operations.len(), 1);
    assert_eq!(told.iter().map(|(limit, _)| *limit).collect::<Vec<_>>(), [Limit::GraphQlFields]);
}

fn documents(text: &str) -> Vec<Embedded> {
    of_module(&crate::syntax::typescript::lower(text, true).expect("parses"))
}

#[test]
fn documents_are_found_in_templates_calls_and_texts() {
    let text = r#"
        const A = gql`query A { a } ${FRAGMENT}`;
        const B = graphql(`fragment B on T { b }`, [A]);
        const C = /* GraphQL */ `
          query C { c }
        `;
        const D = "query the database";
        const E = `mutation ${x}`;
        const F = graphql<Q>`query F { f `;
    "#;
    let found = documents(text);
    let names: Vec<_> = found
        .iter()
        .map(|embedded| {
            let document = &embedded.document;
            let operation = document.operations.first().and_then(|operation| operation.name.clone());
            (
                operation.or(document.fragments.first().map(|one| one.name.clone())),
                document.is_broken,
            )
        })
        .collect();
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(names, [(name("A"), false), (name("B"), false), (name("C"), false), (None, true)]);
}
