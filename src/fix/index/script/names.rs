//! Names of steps: a number or a time, words in the form of those before, an ending.

use crate::fix::index::sql::after;
use crate::fix::site::FixContext;
use crate::project::schema::{Tool, order};

/// Endings of programs.
const ENDINGS: [&str; 6] = ["cjs", "cts", "js", "mjs", "mts", "ts"];
/// Digits of a number that counts steps, at most: what has more is a time.
const COUNTED: usize = 6;

/// How the words of a name are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    /// `add-index`, `add_index`, `add.index`.
    Joined(char),
    /// `AddIndex`.
    Pascal,
    /// `addIndex`.
    Camel,
}

/// The name of a step, taken apart.
#[derive(Clone, Debug)]
pub struct StepName<'n> {
    number: String,
    between: &'n str,
    words: String,
    form: Words,
    ending: &'n str,
}

impl<'n> StepName<'n> {
    /// Takes a name apart; `None` where it has no number or time in front.
    pub fn of(name: &'n str) -> Option<StepName<'n>> {
        let (stem, ending) = name.rsplit_once('.')?;
        let digits = stem.len() - stem.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = stem.split_at(digits);
        let words = rest.trim_start_matches(['-', '_', '.']);
        let between = &rest[..rest.len() - words.len()];
        // `2024-03-01-users`, `2024_03_01_users`: a day of which there may be several.
        let is_day = words.starts_with(|c: char| c.is_ascii_digit());
        if number.is_empty() || between.is_empty() || words.is_empty() || is_day {
            return None;
        }
        Some(StepName {
            number: number.to_owned(),
            between,
            words: words.to_owned(),
            form: form(words, between),
            ending,
        })
    }

    /// The name after it, which none of the steps has and all of them come before.
    pub fn next(&self, words: &str, steps: &[String]) -> Result<StepName<'n>, String> {
        let number = after(&self.number).ok_or_else(|| format!("{} does not say what number follows it", self.file()))?;
        let next = StepName {
            number,
            words: joined(words, self.form),
            ..self.clone()
        };
        let file = next.file();
        match steps.iter().find(|step| **step >= file && order::key(step) >= order::key(&file)) {
            Some(later) => Err(format!("{later} comes after what would be the next one")),
            None => Ok(next),
        }
    }

    /// As a file is called.
    pub fn file(&self) -> String {
        format!("{}{}{}.{}", self.number, self.between, self.words, self.ending)
    }

    /// As a class is called: the words, and the time at the end. `like` says whether it begins with a capital.
    pub fn class(&self, like: &str) -> String {
        let form = if like.starts_with(|c: char| c.is_lowercase()) {
            Words::Camel
        } else {
            Words::Pascal
        };
        let words: String = self.words.chars().flat_map(spread).collect();
        format!("{}{}", joined(words.trim_start_matches('_'), form), self.number)
    }
}

/// A letter of a word: capitals begin one.
fn spread(c: char) -> Vec<char> {
    match c {
        c if c.is_uppercase() => ['_'].into_iter().chain(c.to_lowercase()).collect(),
        '-' | '.' => vec!['_'],
        c => vec![c],
    }
}

fn form(words: &str, between: &str) -> Words {
    if let Some(sign) = words.chars().find(|c| matches!(c, '-' | '_' | '.')) {
        return Words::Joined(sign);
    }
    let capitals = words.chars().filter(|c| c.is_uppercase()).count();
    match (words.starts_with(|c: char| c.is_uppercase()), capitals) {
        (true, _) => Words::Pascal,
        (false, 1..) => Words::Camel,
        (false, 0) => Words::Joined(between.chars().next().filter(|sign| *sign != '.').unwrap_or('-')),
    }
}

/// Words with `_` between in another form.
fn joined(words: &str, form: Words) -> String {
    let capital = |word: &str| -> String {
        let mut letters = word.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
    };
    let parts = words.split('_').filter(|word| !word.is_empty());
    match form {
        Words::Joined(sign) => parts.collect::<Vec<_>>().join(&sign.to_string()),
        Words::Pascal => parts.map(capital).collect(),
        Words::Camel => {
            let spelt = parts
                .enumerate()
                .map(|(at, word)| if at == 0 { word.to_owned() } else { capital(word) });
            spelt.collect()
        }
    }
}

/// The names of the steps in a folder.
pub fn steps(site: &FixContext<'_>, folder: &str) -> Vec<String> {
    let is_step = |name: &String| {
        let is_program = name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending));
        let is_other = [".d.", ".spec.", ".test."].iter().any(|part| name.contains(part));
        is_program && !is_other && name.starts_with(|c: char| c.is_ascii_digit())
    };
    site.disk.names(folder).into_iter().filter(is_step).collect()
}

/// The last step as the tool counts them: `TypeORM` by the time, the others by the name.
pub fn last(steps: &[String], tool: Tool) -> Option<&str> {
    let digits = |name: &str| name.bytes().take_while(u8::is_ascii_digit).count();
    let counted = steps.iter().all(|name| digits(name) <= COUNTED);
    let by_number = steps.iter().max_by_key(|name| order::key(name));
    let by_name = steps.iter().max();
    let last = if tool.has(crate::project::schema::Trait::OrdersStepsByTime) || counted {
        by_number
    } else {
        by_name
    };
    last.map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(name: &str) -> Option<String> {
        let next = StepName::of(name)?.next("index_orders_customer", &[name.to_owned()]);
        next.ok().map(|next| next.file())
    }

    #[test]
    fn a_name_follows_in_the_form_of_the_one_before() {
        for (name, wanted) in [
            ("1786139482251-Int2CategoryId.ts", "1786139482252-IndexOrdersCustomer.ts"),
            ("1667573768424-addTermContext.ts", "1667573768425-indexOrdersCustomer.ts"),
            ("1667573768424-add-term-context.ts", "1667573768425-index-orders-customer.ts"),
            ("20241223155959_visits_user_id.js", "20241223160000_index_orders_customer.js"),
            ("20241223155959-visits.js", "20241223160000-index-orders-customer.js"),
            ("20241223155959_visits.cjs", "20241223160000_index_orders_customer.cjs"),
            ("0009_init.mjs", "0010_index_orders_customer.mjs"),
        ] {
            assert_eq!(next(name).as_deref(), Some(wanted));
        }
        for name in ["2020-05-29-apps.js", "init.js", "99_last.js", "20200101.js"] {
            assert_eq!(next(name), None, "{name}");
        }
    }

    #[test]
    fn a_class_is_called_as_those_before() {
        let name = StepName::of("1786139482251-IndexOrders.ts").expect("a name");
        assert_eq!(name.class("Int2CategoryId1786139482251"), "IndexOrders1786139482251");
        let name = StepName::of("1667573768424-index-orders.ts").expect("a name");
        assert_eq!(name.class("addTermContext1667573768424"), "indexOrders1667573768424");
    }

    #[test]
    fn no_step_comes_after_the_next_one() {
        let steps = ["20240101000000_a.js".to_owned(), "20240101000002_b.js".to_owned()];
        assert!(StepName::of(&steps[0]).is_some_and(|name| name.next("c", &steps).is_err()));
        assert_eq!(last(&steps, crate::libraries::knex::TOOL), Some("20240101000002_b.js"));
        let mixed = ["177617864199-A.ts".to_owned(), "1576178642000-B.ts".to_owned()];
        assert_eq!(last(&mixed, crate::libraries::typeorm::TOOL), Some("1576178642000-B.ts"));
    }
}
