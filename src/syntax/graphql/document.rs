//! One document: its operations, fragments and types.

use serde::{Deserialize, Serialize};

use super::lex::{GraphqlToken, Lexer};
use crate::budget::{self, Limit};
use crate::vocabulary::List;

/// What a text asks and declares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Queries, mutations, subscriptions.
    pub operations: Vec<GraphqlOperation>,
    /// Named fragments.
    pub fragments: Vec<Fragment>,
    /// Object types, interfaces and unions.
    pub types: Vec<TypeDef>,
    /// The types of the roots, where a `schema` names them: `query` and its type.
    pub roots: Vec<(String, String)>,
    /// Something was not understood, and what follows was not read.
    pub is_broken: bool,
}

/// A query, mutation or subscription: what a client asks in one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphqlOperation {
    /// `query`, `mutation` or `subscription`.
    pub kind: String,
    /// Its name; requests without one have none.
    pub name: Option<String>,
    /// What it asks.
    pub selections: Vec<Selection>,
    /// Byte offset in its file.
    pub offset: u32,
}

/// A part of a request that several share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fragment {
    /// Its name.
    pub name: String,
    /// The type it is for.
    pub on: String,
    /// What it asks.
    pub selections: Vec<Selection>,
}

/// One thing that is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selection {
    /// A field that is asked for, with what is asked of its value.
    Field {
        /// Its name in the schema.
        name: String,
        /// An argument asks for one element only: `first: 1`.
        one: bool,
        /// What is asked of it.
        selections: Vec<Selection>,
    },
    /// `...Name`.
    Spread(String),
    /// `... on Type { … }`.
    Inline {
        /// The type, where it is named.
        on: Option<String>,
        /// What is asked of it.
        selections: Vec<Selection>,
    },
}

/// A type of a schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeDef {
    /// Its name.
    pub name: String,
    /// Interfaces that it has.
    pub implements: Vec<String>,
    /// Types of which it is one, for a union.
    pub members: Vec<String>,
    /// Its fields.
    pub fields: Vec<FieldDef>,
}

/// A field of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDef {
    /// Its name.
    pub name: String,
    /// The type of what it gives, without list and `!`.
    pub of: String,
    /// It gives a list.
    pub is_list: bool,
}

/// Reads a document that starts at a byte offset of its file. Fields beyond [`Limit::GraphQlFields`], and those nested beyond
/// [`Limit::Nesting`], are left out and told.
pub fn parse(text: &str, start: u32) -> Document {
    let mut parser = Parser::new(text, start);
    let mut document = Document::default();
    while parser.token.is_some() {
        if parser.definition(&mut document).is_none() {
            document.is_broken = true;
            break;
        }
    }
    document.is_broken |= parser.is_cut;
    document
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    token: Option<GraphqlToken<'t>>,
    start: u32,
    offset: usize,
    fields: usize,
    depth: usize,
    is_cut: bool,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, start: u32) -> Parser<'t> {
        let mut parser = Parser {
            lexer: Lexer::new(text),
            token: None,
            start,
            offset: 0,
            fields: 0,
            depth: 0,
            is_cut: false,
        };
        parser.advance();
        parser
    }

    fn advance(&mut self) {
        match self.lexer.next() {
            Some((token, offset)) => (self.token, self.offset) = (Some(token), offset),
            None => self.token = None,
        }
    }

    /// Where the token stands in the file.
    fn place(&self) -> u32 {
        self.start.saturating_add(self.offset as u32)
    }

    fn is(&self, sign: u8) -> bool {
        self.token == Some(GraphqlToken::Sign(sign))
    }

    /// Takes a sign, if it is there.
    fn eat(&mut self, sign: u8) -> bool {
        let is = self.is(sign);
        if is {
            self.advance();
        }
        is
    }

    /// Takes a sign that must be there.
    fn expect(&mut self, sign: u8) -> Option<()> {
        self.eat(sign).then_some(())
    }

    /// Takes a name, if there is one.
    fn name(&mut self) -> Option<&'t str> {
        let Some(GraphqlToken::Name(name)) = self.token else { return None };
        self.advance();
        Some(name)
    }

    /// One more field; `None` where there are too many.
    fn count(&mut self) -> Option<()> {
        self.fields += 1;
        if self.fields <= Limit::GraphQlFields.count() {
            return Some(());
        }
        budget::tell(Limit::GraphQlFields, self.place());
        None
    }

    fn definition(&mut self, document: &mut Document) -> Option<()> {
        let offset = self.place();
        if self.token == Some(GraphqlToken::Text) {
            self.advance();
            return Some(());
        }
        if self.is(b'{') {
            let selections = self.selections()?;
            document.operations.push(GraphqlOperation {
                kind: "query".to_owned(),
                name: None,
                selections,
                offset,
            });
            return Some(());
        }
        match self.name()? {
            // `extend type X`: the type follows.
            "extend" => {}
            kind @ ("query" | "mutation" | "subscription") => {
                let name = self.name().map(ToOwned::to_owned);
                self.group(b'(', b')');
                self.directives();
                let selections = self.selections()?;
                document.operations.push(GraphqlOperation {
                    kind: kind.to_owned(),
                    name,
                    selections,
                    offset,
                });
            }
            "fragment" => {
                let name = self.name()?.to_owned();
                self.group(b'(', b')');
                let on = (self.name()? == "on").then(|| self.name()).flatten()?.to_owned();
                self.directives();
                let selections = self.selections()?;
                document.fragments.push(Fragment { name, on, selections });
            }
            "type" | "interface" => document.types.extend(self.object()),
            "union" => document.types.push(self.union()?),
            "schema" => document.roots.extend(self.roots()?),
            "input" | "enum" => {
                self.name()?;
                self.directives();
                self.group(b'{', b'}');
            }
            "scalar" => {
                self.name()?;
                self.directives();
            }
            "directive" => self.directive()?,
            _ => return None,
        }
        Some(())
    }

    fn selections(&mut self) -> Option<Vec<Selection>> {
        self.expect(b'{')?;
        self.depth += 1;
        let mut out = Vec::new();
        if self.depth > Limit::Nesting.count() {
            budget::tell(Limit::Nesting, self.place());
            self.is_cut = true;
            self.rest_of_group(b'{', b'}');
        } else {
            while !self.eat(b'}') {
                out.push(self.selection()?);
            }
        }
        self.depth -= 1;
        Some(out)
    }

    fn selection(&mut self) -> Option<Selection> {
        self.count()?;
        if self.token == Some(GraphqlToken::Spread) {
            self.advance();
            return self.spread();
        }
        let mut name = self.name()?;
        if self.eat(b':') {
            name = self.name()?;
        }
        let one = self.arguments();
        self.directives();
        let selections = if self.is(b'{') { self.selections()? } else { Vec::new() };
        Some(Selection::Field {
            name: name.to_owned(),
            one,
            selections,
        })
    }

    /// What follows `...`.
    fn spread(&mut self) -> Option<Selection> {
        let on = match self.name() {
            Some("on") => Some(self.name()?.to_owned()),
            Some(name) => {
                self.group(b'(', b')');
                self.directives();
                return Some(Selection::Spread(name.to_owned()));
            }
            None => None,
        };
        self.directives();
        let selections = self.selections()?;
        Some(Selection::Inline { on, selections })
    }

    /// Takes the arguments of a field; whether they ask for one element only.
    fn arguments(&mut self) -> bool {
        if !self.eat(b'(') {
            return false;
        }
        let mut one = false;
        let mut depth = 1_usize;
        let mut counts = false;
        while let Some(token) = self.token {
            self.advance();
            match token {
                GraphqlToken::Sign(b'(' | b'[' | b'{') => depth += 1,
                GraphqlToken::Sign(b')' | b']' | b'}') => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                GraphqlToken::Name(name) if self.is(b':') => {
                    counts = depth == 1 && (List::PageSizes.has(name) || List::FieldSizes.has(name));
                }
                GraphqlToken::Number("1") if counts => one = true,
                GraphqlToken::Sign(b':') => {}
                _ => counts = false,
            }
        }
        one
    }

    fn directives(&mut self) {
        while self.eat(b'@') {
            self.name();
            self.group(b'(', b')');
        }
    }

    /// Takes a group in brackets, if one starts here.
    fn group(&mut self, open: u8, close: u8) {
        if self.eat(open) {
            self.rest_of_group(open, close);
        }
    }

    /// Goes behind the end of a group that has begun.
    fn rest_of_group(&mut self, open: u8, close: u8) {
        let mut depth = 1_usize;
        while let Some(token) = self.token {
            self.advance();
            match token {
                GraphqlToken::Sign(sign) if sign == open => depth += 1,
                GraphqlToken::Sign(sign) if sign == close => {
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    fn object(&mut self) -> Option<TypeDef> {
        let mut object = TypeDef {
            name: self.name()?.to_owned(),
            ..TypeDef::default()
        };
        if self.token == Some(GraphqlToken::Name("implements")) {
            self.advance();
            self.eat(b'&');
            while let Some(name) = self.name() {
                object.implements.push(name.to_owned());
                self.eat(b'&');
            }
        }
        self.directives();
        if self.eat(b'{') {
            while !self.eat(b'}') {
                if self.token == Some(GraphqlToken::Text) {
                    self.advance();
                    continue;
                }
                let Some(field) = self.field() else {
                    self.is_cut = true;
                    // The token at which it failed stays, and ends the document.
                    return Some(object);
                };
                object.fields.push(field);
            }
        }
        Some(object)
    }

    fn field(&mut self) -> Option<FieldDef> {
        self.count()?;
        let name = self.name()?.to_owned();
        self.group(b'(', b')');
        self.expect(b':')?;
        let is_list = self.is(b'[');
        while self.eat(b'[') {}
        let of = self.name()?.to_owned();
        while self.eat(b'!') || self.eat(b']') {}
        self.directives();
        Some(FieldDef { name, of, is_list })
    }

    fn union(&mut self) -> Option<TypeDef> {
        let name = self.name()?.to_owned();
        self.directives();
        let mut members = Vec::new();
        if self.eat(b'=') {
            self.eat(b'|');
            members.push(self.name()?.to_owned());
            while self.eat(b'|') {
                members.push(self.name()?.to_owned());
            }
        }
        Some(TypeDef {
            name,
            members,
            ..TypeDef::default()
        })
    }

    /// `schema { query: Root }`.
    fn roots(&mut self) -> Option<Vec<(String, String)>> {
        self.directives();
        self.expect(b'{')?;
        let mut out = Vec::new();
        while !self.eat(b'}') {
            let kind = self.name()?.to_owned();
            self.expect(b':')?;
            out.push((kind, self.name()?.to_owned()));
        }
        Some(out)
    }

    /// `directive @x(a: Int) repeatable on A | B`.
    fn directive(&mut self) -> Option<()> {
        self.expect(b'@')?;
        self.name()?;
        self.group(b'(', b')');
        if self.token == Some(GraphqlToken::Name("repeatable")) {
            self.advance();
        }
        (self.name()? == "on").then_some(())?;
        self.eat(b'|');
        self.name()?;
        while self.eat(b'|') {
            self.name()?;
        }
        Some(())
    }
}
