//! Takes type arguments out where the grammar misreads them: in tagged templates (``sql<number>`…` ``), which it takes
//! for comparisons, and in awaited calls (`await get<User>(id)`), of which it awaits the function.

use std::borrow::Cow;

/// Bytes of the longest type that is taken out, and of the longest name before it: what is longer is no type but a comparison with
/// code after it.
const REACH: usize = 2_000;

/// The text with such type arguments blanked, every other byte in its place.
pub fn mask_type_arguments(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut masked: Option<Vec<u8>> = None;
    for (open, close, is_call) in ends(bytes) {
        if !is_call || is_operand(bytes, open) {
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

/// Places of a `<` right after a name, of its `>` with a backtick or (third value) a parenthesis right after it. In between is nothing but
/// a type.
fn ends(bytes: &[u8]) -> Vec<(usize, usize, bool)> {
    let mut found = Vec::new();
    // Every `<` that waits for its partner; a type has no backtick in it.
    let mut waiting: Vec<usize> = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'<' => waiting.push(at),
            b'`' => waiting.clear(),
            b'>' if at > 0 && bytes.get(at - 1) == Some(&b'=') => {}
            b'>' => {
                let Some(open) = waiting.pop() else { continue };
                let next = bytes.get(at + 1);
                if matches!(next, Some(b'`' | b'(')) && at - open <= REACH && follows_name(bytes, open) {
                    found.push((open, at, next == Some(&b'(')));
                }
            }
            _ => {}
        }
    }
    found
}

fn follows_name(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    before.is_some_and(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$'))
}

/// Whether the callee that ends before an offset is the operand of `await` or another prefix.
fn is_operand(bytes: &[u8], end: usize) -> bool {
    let mut depth = 0_u32;
    let mut at = end;
    let from = end.saturating_sub(REACH);
    // The last byte that was no white space: what a line break before it leads to.
    let mut next = 0;
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
            _ if byte.is_ascii_whitespace() && matches!(next, b'.' | b'?') => {}
            _ if byte.is_ascii_whitespace() => {
                let before = bytes[from..at].trim_ascii_end();
                return ["await", "void", "typeof"].iter().any(|word| before.ends_with(word.as_bytes()));
            }
            _ => return false,
        }
        if !byte.is_ascii_whitespace() {
            next = byte;
        }
        at -= 1;
    }
    false
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
        // An arrow ends no type: what stands between was blanked with it.
        assert_eq!(mask_type_arguments("a<b>((c) =>`d`)"), "a<b>((c) =>`d`)");
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
