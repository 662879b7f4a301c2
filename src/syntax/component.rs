//! Svelte and Vue components: everything but the script blocks becomes blanks, so that positions stay.

/// The text with only its script blocks left.
pub fn scripts(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((start, end)) = next_script(text, at) {
        blank(&text[at..start], &mut out);
        out.push_str(&text[start..end]);
        at = end;
    }
    blank(&text[at..], &mut out);
    out
}

/// Start and end of the next script block's content at or after an offset.
fn next_script(text: &str, at: usize) -> Option<(usize, usize)> {
    let tag = at + text[at..].find("<script")?;
    let start = tag + text[tag..].find('>')? + 1;
    let end = start + text[start..].find("</script")?;
    Some((start, end))
}

/// Keeps line breaks and length; everything else becomes spaces.
fn blank(text: &str, out: &mut String) {
    out.extend(text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
}

#[cfg(test)]
mod tests {
    #[test]
    fn scripts_keep_their_place() {
        let text = "<h1>é</h1>\n<script lang=\"ts\">\nlet a = 1;\n</script>\n<p>{a}</p>";
        let scripts = super::scripts(text);
        assert_eq!(scripts.len(), text.len());
        assert_eq!(scripts.find("let a"), text.find("let a"));
        assert_eq!(scripts.trim(), "let a = 1;");
    }
}
