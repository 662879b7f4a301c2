//! A syntax tree copied into a flat array by one cursor pass: random access without walking from the root, and no
//! tree kept.

use rustc_hash::FxHashSet;
use serde::Deserialize;
use tree_sitter::{Language, Tree};

/// Index of a node; 0 is the root.
pub type At = u32;
const NONE: u32 = u32::MAX;

/// Node kinds of one grammar, as an enum of its front end.
pub trait GrammarKind: Copy + PartialEq + 'static {
    /// The kind of a name; an "other" value for names that the front end does not tell apart.
    fn of(name: &str) -> Self;
    /// A range that did not parse.
    const ERROR: Self;
    /// A kind that the front end does not tell apart.
    const OTHER: Self;
}

macro_rules! fields {
    ($($variant:ident = $text:literal),* $(,)?) => {
        /// Field names that the front ends read.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Field { None, Unread, $($variant),* }
        impl Field {
            fn of(name: &str) -> Self {
                match name { $($text => Field::$variant,)* _ => Field::Unread }
            }
        }
    };
}
fields! {
    Name = "name", Body = "body", Parameters = "parameters", Parameter = "parameter", ReturnType = "return_type", Superclasses = "superclasses",
    Left = "left", Right = "right", Type = "type", Value = "value", Condition = "condition", Consequence = "consequence",
    Alternative = "alternative", Object = "object", Attribute = "attribute", Function = "function", Arguments = "arguments",
    Subscript = "subscript", Operator = "operator", Operators = "operators", Argument = "argument", Key = "key", Alias = "alias",
    ModuleName = "module_name", Definition = "definition", Subject = "subject", Guard = "guard", Property = "property", Index = "index",
    Constructor = "constructor", Source = "source", Declaration = "declaration", Initializer = "initializer", Increment = "increment",
    Handler = "handler", Finalizer = "finalizer", Pattern = "pattern", OpenTag = "open_tag", TypeArguments = "type_arguments", TypeParameters = "type_parameters",
    Module = "module",
    Decorator = "decorator", Expression = "expression", Kind = "kind", Tag = "tag", Label = "label", Element = "element",
}

/// A node of the flattened syntax tree.
#[derive(Clone, Copy)]
pub struct Node<K> {
    pub kind: K,
    pub field: Field,
    pub named: bool,
    pub start: u32,
    pub end: u32,
    first: u32,
    next: u32,
}

/// A syntax tree as one list of nodes.
pub struct Flat<K> {
    nodes: Vec<Node<K>>,
}

/// What a front end makes of a kind of node.
#[derive(Clone, Copy)]
struct Of<K> {
    kind: K,
    named: bool,
    /// A comma, a bracket: a token that no front end reads, in whatever field.
    is_punctuation: bool,
    /// It has no children.
    is_leaf: bool,
    /// Some child of it can have a field. To ask a child of a long block for its field costs more than all else that is done with it.
    has_fields: bool,
}

/// Memory that one thread's trees share, one after the other.
pub struct Room<K> {
    nodes: Vec<Node<K>>,
}

/// Nodes whose memory is kept for the next tree; one large file is no reason to keep more.
const LARGEST_ROOM: usize = 1 << 17;

impl<K> Default for Room<K> {
    fn default() -> Self {
        Room { nodes: Vec::new() }
    }
}

/// Tables from the grammar's ids to the front end's enums; made once a grammar.
pub struct Tables<K> {
    kinds: Vec<Of<K>>,
    fields: Vec<Field>,
}

/// The kind of ranges that did not parse, which is beyond the grammar's own.
const ERROR: u16 = u16::MAX;

/// Tokens that carry nothing but the structure that the tree already has.
const PUNCTUATION: [&str; 11] = ["(", ")", "[", "]", "{", "}", ",", ";", ":", ".", "\""];

/// Named kinds without children, the most frequent ones: to ask each for its first child costs more than all else that is done with it.
const LEAVES: [&str; 12] = [
    "identifier",
    "property_identifier",
    "shorthand_property_identifier",
    "shorthand_property_identifier_pattern",
    "type_identifier",
    "number",
    "integer",
    "comment",
    "string_fragment",
    "string_start",
    "string_end",
    "jsx_text",
];

/// What a grammar says of one kind of node.
#[derive(Deserialize)]
struct NodeType {
    r#type: String,
    named: bool,
    #[serde(default)]
    fields: serde_json::Map<String, serde_json::Value>,
}

/// The named kinds of nodes whose children never have a field.
fn without_fields(node_types: &str) -> FxHashSet<String> {
    let all: Vec<NodeType> = serde_json::from_str(node_types).unwrap_or_default();
    let without = all.into_iter().filter(|kind| kind.named && kind.fields.is_empty());
    without.map(|kind| kind.r#type).collect()
}

impl<K: GrammarKind> Tables<K> {
    /// The tables of a grammar, with what it says of its kinds of nodes.
    pub fn new(language: &Language, node_types: &str) -> Self {
        let without = without_fields(node_types);
        let kinds = (0..language.node_kind_count())
            .map(|id| {
                let (name, named) = (
                    language.node_kind_for_id(id as u16).unwrap_or(""),
                    language.node_kind_is_named(id as u16),
                );
                let kind = K::of(name);
                let is_punctuation = !named && kind == K::OTHER && PUNCTUATION.contains(&name);
                Of {
                    kind,
                    named,
                    is_punctuation,
                    is_leaf: !named || LEAVES.contains(&name),
                    has_fields: !(named && without.contains(name)),
                }
            })
            .collect();
        let fields = (0..=language.field_count())
            .map(|id| language.field_name_for_id(id as u16).map_or(Field::None, Field::of))
            .collect();
        Tables { kinds, fields }
    }

    fn of(&self, id: u16) -> Of<K> {
        let error = Of {
            kind: K::ERROR,
            named: true,
            is_punctuation: false,
            is_leaf: false,
            has_fields: true,
        };
        let other = Of { kind: K::OTHER, ..error };
        if id == ERROR {
            return error;
        }
        self.kinds.get(id as usize).copied().unwrap_or(other)
    }

    fn field(&self, id: Option<std::num::NonZeroU16>) -> Field {
        id.and_then(|id| self.fields.get(id.get() as usize).copied()).unwrap_or(Field::None)
    }
}

impl<K: GrammarKind> Flat<K> {
    /// Copies a tree into the room of an earlier one. Unnamed tokens are kept only where the front end knows them or a field names
    /// them.
    pub fn new(tree: &Tree, tables: &Tables<K>, room: Room<K>) -> Self {
        let mut nodes = room.nodes;
        nodes.clear();
        // For each open level: the node (if kept), its last kept child, and whether its children have fields.
        let mut open: Vec<(u32, u32, bool)> = Vec::new();
        let mut cursor = tree.walk();
        loop {
            let node = cursor.node();
            let Of {
                kind,
                named,
                is_punctuation,
                is_leaf,
                has_fields,
            } = tables.of(node.kind_id());
            let is_without = open.last().is_some_and(|&(_, _, has_fields)| !has_fields);
            let field = if is_punctuation || is_without {
                Field::None
            } else {
                tables.field(cursor.field_id())
            };
            let keep = named || kind != K::OTHER || field != Field::None || open.is_empty();
            let at = nodes.len() as u32;
            if keep {
                if let Some((parent, last, _)) = open.last_mut() {
                    if *last == NONE {
                        nodes[*parent as usize].first = at;
                    } else {
                        nodes[*last as usize].next = at;
                    }
                    *last = at;
                }
                nodes.push(Node {
                    kind,
                    field,
                    named,
                    start: node.start_byte() as u32,
                    end: node.end_byte() as u32,
                    first: NONE,
                    next: NONE,
                });
            }
            // What stands in a broken range is not looked at; a dropped token has no children.
            if keep && !is_leaf && kind != K::ERROR && cursor.goto_first_child() {
                open.push((at, NONE, has_fields));
                continue;
            }
            loop {
                if cursor.goto_next_sibling() {
                    break;
                }
                if !cursor.goto_parent() {
                    return Flat { nodes };
                }
                open.pop();
            }
            if open.is_empty() {
                return Flat { nodes };
            }
        }
    }

    /// The room, for the next tree.
    pub fn into_room(self) -> Room<K> {
        let mut nodes = self.nodes;
        nodes.clear();
        nodes.shrink_to(LARGEST_ROOM);
        Room { nodes }
    }

    pub fn node(&self, at: At) -> Node<K> {
        self.nodes[at as usize]
    }

    pub fn kind(&self, at: At) -> K {
        self.nodes[at as usize].kind
    }

    /// Children, tokens included.
    pub fn children(&self, at: At) -> Children<'_, K> {
        Children {
            flat: self,
            next: self.nodes[at as usize].first,
        }
    }

    /// Named children that parsed.
    pub fn named(&self, at: At) -> impl Iterator<Item = At> + '_ {
        self.children(at)
            .filter(|&child| self.node(child).named && self.kind(child) != K::ERROR)
    }

    pub fn field(&self, at: At, field: Field) -> Option<At> {
        self.children(at).find(|&child| self.node(child).field == field)
    }

    pub fn fields(&self, at: At, field: Field) -> impl Iterator<Item = At> + '_ {
        self.children(at).filter(move |&child| self.node(child).field == field)
    }

    pub fn child_of_kind(&self, at: At, kind: K) -> Option<At> {
        self.children(at).find(|&child| self.kind(child) == kind)
    }

    pub fn has(&self, at: At, kind: K) -> bool {
        self.child_of_kind(at, kind).is_some()
    }

    pub fn all(&self) -> impl Iterator<Item = &Node<K>> {
        self.nodes.iter()
    }
}

/// Iterator over children.
pub struct Children<'f, K> {
    flat: &'f Flat<K>,
    next: u32,
}

impl<K> Iterator for Children<'_, K> {
    type Item = At;
    fn next(&mut self) -> Option<At> {
        if self.next == NONE {
            return None;
        }
        let at = self.next;
        self.next = self.flat.nodes[at as usize].next;
        Some(at)
    }
}

macro_rules! kinds {
    ($($variant:ident = $($text:literal)|+),* $(,)?) => {
        /// Node kinds of this grammar.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(super) enum K { Other, Error, $($variant),* }
        impl crate::syntax::flat::GrammarKind for K {
            fn of(name: &str) -> Self {
                match name { $($($text)|+ => K::$variant,)* _ => K::Other }
            }
            const ERROR: Self = K::Error;
            const OTHER: Self = K::Other;
        }
    };
}
pub(super) use kinds;
