//! YAML as a flat list of paths with values and places: anchors and merge keys resolved, everything bounded.

use rustc_hash::{FxHashMap, FxHashSet};
use saphyr_parser::{Event, Parser};

use super::config_entry::ConfigEntry;
use crate::budget::{self, Limit, Steps};
use crate::source::Span;

/// Levels that a file may have, see [`Limit::SettingsNesting`].
const MAX_DEPTH: usize = 32;
/// The key that merges a mapping into the one around it.
const MERGE: &str = "<<";

#[derive(Clone, Debug)]
enum Node {
    Scalar(String),
    List,
    Map,
    End,
    Alias(usize),
}

type Events = Vec<(Node, Span)>;

/// Reads a file's first document up to its first mistake.
pub fn parse(text: &str) -> Vec<ConfigEntry> {
    let (events, anchors) = events(text);
    flatten(&expand(&events, &anchors))
}

/// The events, and for each anchor the range of those it names.
fn events(text: &str) -> (Events, FxHashMap<usize, (usize, usize)>) {
    let is_ascii = text.is_ascii();
    let offsets: Vec<usize> = if is_ascii {
        Vec::new()
    } else {
        text.char_indices().map(|(offset, _)| offset).collect()
    };
    let byte = |index: usize| {
        if is_ascii {
            index.min(text.len())
        } else {
            offsets.get(index).copied().unwrap_or(text.len())
        }
    };
    let (mut events, mut anchors): (Events, _) = (Vec::new(), FxHashMap::default());
    let mut open: Vec<(usize, usize)> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(found) => found,
            Err(error) => {
                // The scanner reads ahead, and has a bound of its own.
                if error.to_string().contains("recursion limit") {
                    budget::tell(Limit::SettingsNesting, events.last().map_or(0, |(_, span)| span.end));
                }
                break;
            }
        };
        let span = Span::new(byte(span.start.index()), byte(span.end.index()));
        let node = match event {
            Event::Scalar(value, _, anchor, _) => {
                if anchor > 0 {
                    anchors.insert(anchor, (events.len(), events.len() + 1));
                }
                Node::Scalar(value.into_owned())
            }
            Event::SequenceStart(anchor, _) => {
                open.push((anchor, events.len()));
                Node::List
            }
            Event::MappingStart(anchor, _) => {
                open.push((anchor, events.len()));
                Node::Map
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((anchor, start)) = open.pop().filter(|&(anchor, _)| anchor > 0) {
                    anchors.insert(anchor, (start, events.len() + 1));
                }
                Node::End
            }
            Event::Alias(anchor) => Node::Alias(anchor),
            Event::DocumentEnd => break,
            _ => continue,
        };
        events.push((node, span));
        if events.len() >= Limit::YamlItems.count() {
            budget::tell(Limit::YamlItems, span.start);
            break;
        }
        if open.len() > MAX_DEPTH {
            budget::tell(Limit::SettingsNesting, span.start);
            break;
        }
    }
    (events, anchors)
}

/// Writes aliases out, as far as the bounds allow; one that leads to itself is left empty.
fn expand(events: &Events, anchors: &FxHashMap<usize, (usize, usize)>) -> Events {
    let mut out = Vec::new();
    // An alias of a long text is small and what it stands for is not.
    let bytes = Steps::of(Limit::YamlBytes);
    let mut stack = vec![(0, events.len())];
    while let Some((at, end)) = stack.pop() {
        let Some((node, span)) = events.get(at).filter(|_| at < end) else {
            continue;
        };
        stack.push((at + 1, end));
        match node {
            Node::Alias(anchor) => match anchors.get(anchor) {
                Some(&(from, to)) if !(from..to).contains(&at) && stack.len() < MAX_DEPTH => stack.push((from, to)),
                known => {
                    if stack.len() >= MAX_DEPTH && known.is_some() {
                        budget::tell(Limit::SettingsNesting, span.start);
                    }
                    out.push((Node::Scalar(String::new()), *span));
                }
            },
            node => out.push((node.clone(), *span)),
        }
        let written = match node {
            Node::Scalar(text) => text.len() as u64,
            _ => 0,
        };
        if out.len() >= Limit::YamlItems.count() {
            budget::tell(Limit::YamlItems, span.start);
            break;
        }
        if !bytes.take(written) {
            budget::tell(Limit::YamlBytes, span.start);
            break;
        }
    }
    out
}

/// Where the walk stands in one list or mapping.
struct Frame {
    is_map: bool,
    /// Length of the path up to here.
    depth: usize,
    index: usize,
    key: Option<(String, Span)>,
    /// Length of the path of the mapping that this one is merged into.
    merged: Option<usize>,
}

fn flatten(events: &Events) -> Vec<ConfigEntry> {
    let mut entries: Vec<(ConfigEntry, Option<usize>)> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut frames: Vec<Frame> = Vec::new();
    // Each entry has its whole path, and a key can be long.
    let bytes = Steps::of(Limit::YamlBytes);
    for (node, span) in events {
        if matches!(node, Node::End) {
            frames.pop();
            continue;
        }
        let mut merged = None;
        let mut key_span = *span;
        if let Some(frame) = frames.last_mut() {
            path.truncate(frame.depth);
            merged = frame.merged;
            if frame.is_map {
                let Some((key, at)) = frame.key.take() else {
                    frame.key = match node {
                        Node::Scalar(text) => Some((text.clone(), *span)),
                        // A list or mapping as a key names nothing here.
                        _ => Some((String::new(), *span)),
                    };
                    if matches!(node, Node::List | Node::Map) {
                        frames.push(Frame {
                            is_map: false,
                            depth: path.len(),
                            index: 0,
                            key: None,
                            merged,
                        });
                    }
                    continue;
                };
                key_span = at;
                if key == MERGE {
                    merged = Some(path.len());
                } else {
                    path.push(key);
                }
            } else if merged == Some(path.len()) {
                // `<<: [*a, *b]`: each item is merged.
            } else {
                path.push(frame.index.to_string());
                frame.index += 1;
            }
        }
        let value = match node {
            Node::Scalar(text) => text.clone(),
            _ => String::new(),
        };
        if !frames.is_empty() && merged != Some(path.len()) {
            let span = if matches!(node, Node::Scalar(_)) { *span } else { key_span };
            let written: usize = path.iter().map(String::len).sum();
            if !bytes.take((written + value.len()) as u64) {
                budget::tell(Limit::YamlBytes, span.start);
                break;
            }
            entries.push((
                ConfigEntry {
                    path: path.clone(),
                    value,
                    key: key_span,
                    span,
                },
                merged,
            ));
        }
        if let Node::List | Node::Map = node {
            frames.push(Frame {
                is_map: matches!(node, Node::Map),
                depth: path.len(),
                index: 0,
                key: None,
                merged,
            });
        }
        if frames.len() > MAX_DEPTH {
            budget::tell(Limit::SettingsNesting, span.start);
            break;
        }
    }
    without_overridden(entries)
}

/// A key that a mapping writes itself wins over the merged one.
fn without_overridden(entries: Vec<(ConfigEntry, Option<usize>)>) -> Vec<ConfigEntry> {
    let own: FxHashSet<Vec<String>> = entries
        .iter()
        .filter(|(_, merged)| merged.is_none())
        .map(|(entry, _)| entry.path.clone())
        .collect();
    let is_kept = |entry: &ConfigEntry, merged: Option<usize>| match merged {
        Some(depth) => entry.path.get(..=depth).is_none_or(|head| !own.contains(head)),
        None => true,
    };
    entries
        .into_iter()
        .filter(|(entry, merged)| is_kept(entry, *merged))
        .map(|(entry, _)| entry)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let leaf = |entry: &ConfigEntry| !entry.value.is_empty();
        parse(text)
            .iter()
            .filter(|entry| leaf(entry))
            .map(|entry| format!("{}={}", entry.path.join("."), entry.value))
            .collect()
    }

    #[test]
    fn anchors_and_merges_are_written_out_and_own_keys_win() {
        let text = "x-base: &base\n  image: redis:7\n  command: [a, b]\nservices:\n  cache:\n    <<: *base\n    command: redis-server\n";
        assert_eq!(
            shown(text),
            [
                "x-base.image=redis:7",
                "x-base.command.0=a",
                "x-base.command.1=b",
                "services.cache.image=redis:7",
                "services.cache.command=redis-server"
            ]
        );
    }

    #[test]
    fn positions_are_bytes() {
        let text = "# é\na: ü\nb: x\n";
        let entry = parse(text).pop().expect("an entry");
        assert_eq!(text.get(entry.span.start as usize..entry.span.end as usize), Some("x"));
    }

    #[test]
    fn aliases_that_multiply_and_broken_files_end() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            text.push_str(&format!("a{level}: &a{level} [{}]\n", format!("*a{}, ", level - 1).repeat(9)));
        }
        let told = |text: &str| {
            let (entries, told) = budget::hearing(|| parse(text).len());
            (entries, told.into_iter().map(|(limit, _)| limit).collect::<Vec<_>>())
        };
        let (entries, limits) = told(&text);
        assert!(entries <= Limit::YamlItems.count(), "{entries}");
        assert_eq!(limits, [Limit::YamlItems]);
        assert!(parse("a: [b\nc: }").len() < 9);
        let (entries, limits) = told(&"[".repeat(100_000));
        assert!(entries < 99, "{entries}");
        assert_eq!(limits, [Limit::SettingsNesting]);
    }

    /// Half a megabyte of text with a thousand aliases was half a gigabyte, and with more of them the end of the process.
    #[test]
    fn long_texts_that_multiply_end() {
        let long = "x".repeat(500_000);
        let aliases = format!("a: &a {long}\nb:\n{}", "- *a\n".repeat(1_000));
        let key = "x".repeat(900);
        let above: String = (0..20)
            .map(|level| format!("{}{key}:\n", " ".repeat(level)))
            .collect::<Vec<_>>()
            .concat();
        let below: String = (0..2_000)
            .map(|n| format!("{}k{n}: v\n", " ".repeat(20)))
            .collect::<Vec<_>>()
            .concat();
        let keys = format!("{above}{below}");
        for text in [aliases, keys] {
            let (entries, told) = budget::hearing(|| parse(&text));
            let bytes: usize = entries
                .iter()
                .map(|entry| entry.value.len() + entry.path.iter().map(String::len).sum::<usize>())
                .sum();
            assert!(bytes as u64 <= Limit::YamlBytes.most(), "{bytes}");
            assert_eq!(told.len(), 1, "{told:?}");
        }
    }
}
