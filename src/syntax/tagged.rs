//! Takes type arguments out of tagged templates (``sql<number>`…` ``), which the grammar reads as comparisons.

use std::borrow::Cow;

/// How far back the opening bracket is looked for.
const REACH: usize = 2_000;

/// The text with such type arguments blanked, every other byte in its place.
pub fn mask_type_arguments(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut masked: Option<Vec<u8>> = None;
    for close in memchr_pairs(bytes) {
        if let Some(open) = opening(bytes, close) {
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

/// Places of a `>` with a backtick right after it.
fn memchr_pairs(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    bytes
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| *pair == b">`")
        .map(|(index, _)| index)
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
    fn the_call_is_seen() {
        let module = crate::syntax::typescript::lower("const n = sql<number>`count(*)`.as('n');", false);
        let methods: Vec<_> = module.expr_ids().filter_map(|(id, _)| module.call(id)?.method()).collect();
        assert_eq!(methods, ["sql", "as"]);
    }
}
