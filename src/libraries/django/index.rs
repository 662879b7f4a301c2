//! An index in a model's `Meta`.

use crate::libraries::shared::index_words::{IndexForm, IndexWords, shortened};

/// Characters of an index's name that Django takes.
const LONGEST_NAME: usize = 30;

/// `models.Index(fields=["user", "-created_at"])`.
pub(super) const FORM: IndexForm = IndexForm {
    longest_name: Some(LONGEST_NAME),
    is_named_by_model: true,
    ..IndexForm::of(declare)
};

fn declare(index: &IndexWords<'_>) -> String {
    let keys = index.list(|key| format!("\"{}{}\"", if key.is_descending { "-" } else { "" }, key.field));
    format!("models.Index(fields=[{keys}]{})", options(index))
}

/// An index with a condition must have a name.
fn options(index: &IndexWords<'_>) -> String {
    if index.only.is_empty() {
        return if index.is_named {
            format!(", name=\"{}\"", index.name)
        } else {
            String::new()
        };
    }
    let one = |(field, literal): &(&str, &str)| match *literal {
        "null" => format!("{field}__isnull=True"),
        "true" => format!("{field}=True"),
        _ => format!("{field}=False"),
    };
    let all: Vec<String> = index.only.iter().map(one).collect();
    let name = shortened(index.name, LONGEST_NAME);
    format!(", name=\"{name}\", condition=models.Q({})", all.join(", "))
}
