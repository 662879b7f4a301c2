//! Takes type arguments out where the grammar misreads them: in tagged templates (``sql<number>`…` ``), which it takes
//! for comparisons, and in awaited calls (`await get<User>(id)`), of which it awaits the function.

use std::borrow::Cow;

/// How far back the opening bracket is looked for.
const REACH: usize = 2_000;

/// The text with such type arguments blanked, every other byte in its place.
pub fn mask_type_arguments(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut masked: Option<Vec<u8>> = None;
    for (close, is_call) in ends(bytes) {
        if let Some(open) = opening(bytes, close).filter(|&open| !is_call || is_operand(bytes, open)) {
            let out = masked.get_or_insert_with(|| bytes.to_vec());
            for byte in &mut out[open..=close] {
                // Line starts stay.
                if !matches!(byte, b'\n' | b'\r') {
                    *byte = b' ';
                }
            }
        }
    }
    match masked.map(String::from_utf8) {
        Some(Ok(text)) => Cow::Owned(text),
        _ => Cow::Borrowed(text),
    }
}

/// Places of a `>` with a backtick or (second value) a parenthesis right after it.
fn ends(bytes: &[u8]) -> impl Iterator<Item = (usize, bool)> + '_ {
    let pairs = bytes.windows(2).enumerate();
    pairs
        .filter(|(_, pair)| matches!(*pair, b">`" | b">("))
        .map(|(index, pair)| (index, pair[1] == b'('))
}

/// Whether the callee that ends before an offset is the operand of `await` or another prefix.
fn is_operand(bytes: &[u8], end: usize) -> bool {
    let mut depth = 0_u32;
    let mut at = end;
    let from = end.saturating_sub(REACH);
    while at > from {
        let byte = bytes[at - 1];
        match byte {
            b')' | b']' => depth += 1,
            b'(' | b'[' if depth > 0 => depth -= 1,
            _ if depth > 0 || byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'_' | b'$' | b'.' | b'?') => {}
            // `a!.b`, and not `!a.b`.
            b'!' if bytes.get(at) == Some(&b'.') => {}
            b'!' => return true,
            // A chain over several lines goes on before its dot.
            _ if byte.is_ascii_whitespace() && next_is_dot(bytes, at) => {}
            _ if byte.is_ascii_whitespace() => {
                let before = bytes[from..at].trim_ascii_end();
                return ["await", "void", "typeof"].iter().any(|word| before.ends_with(word.as_bytes()));
            }
            _ => return false,
        }
        at -= 1;
    }
    false
}

fn next_is_dot(bytes: &[u8], at: usize) -> bool {
    bytes[at..]
        .trim_ascii_start()
        .first()
        .is_some_and(|&next| matches!(next, b'.' | b'?'))
}

/// The `<` that belongs to a `>`, when it stands right after a name and between them is nothing but a type.
fn opening(bytes: &[u8], close: usize) -> Option<usize> {
    let mut depth = 0_u32;
    let from = close.saturating_sub(REACH);
    for at in (from..=close).rev() {
        match bytes[at] {
            b'>' if at > 0 && bytes[at - 1] == b'=' => {}
            b'>' => depth += 1,
            b'<' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    let before = *bytes.get(at.checked_sub(1)?)?;
                    let is_name = before.is_ascii_alphanumeric() || matches!(before, b'_' | b'$');
                    return is_name.then_some(at);
                }
            }
            b'`' => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_only_types() {
        assert_eq!(mask_type_arguments("sql<number>`a`"), "sql        `a`");
        assert_eq!(
            mask_type_arguments("x.q<Array<{ a: () => B }>>`a`"),
            "x.q                       `a`"
        );
        for text in ["a > `x`", "if (a<b) c=d>`x`;", "`<b>`", "<div>`x`</div>", ">`", "a <b>`x`"] {
            let masked = mask_type_arguments(text);
            assert_eq!(masked.len(), text.len());
        }
        assert_eq!(mask_type_arguments("<div>`x`</div>"), "<div>`x`</div>");
        assert_eq!(mask_type_arguments("`<b>`"), "`<b>`");
    }

    #[test]
    fn the_awaited_call_is_seen() {
        assert_eq!(mask_type_arguments("await a.b<T>(x)"), "await a.b   (x)");
        assert_eq!(
            mask_type_arguments("await a(1)\n  .b<Map<K, V>>(x)"),
            "await a(1)\n  .b           (x)"
        );
        for text in [
            "const x = a.b<T>(x)",
            "function f<T>(x: T) {}",
            "new Map<K, V>()",
            "class A { async f<T>(x) {} }",
        ] {
            assert_eq!(mask_type_arguments(text), text);
        }
        let module = crate::syntax::typescript::lower("const n = await a.b<T>(x);", false).expect("parses");
        assert_eq!(
            module
                .expr_ids()
                .filter_map(|(id, _)| module.call(id)?.method())
                .collect::<Vec<_>>(),
            ["b"]
        );
    }

    #[test]
    fn the_call_is_seen() {
        let module = crate::syntax::typescript::lower("const n = sql<number>`count(*)`.as('n');", false).expect("parses");
        let methods: Vec<_> = module.expr_ids().filter_map(|(id, _)| module.call(id)?.method()).collect();
        assert_eq!(methods, ["sql", "as"]);
    }
}
