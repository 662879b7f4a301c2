//! The words of a page's `[match]`: texts of closed kinds, one or a list of them, each mistake with the place of its text.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, de};

/// The most words of one list.
const MOST_WORDS: usize = 100;

/// A text of a kind that is not every text.
pub trait Word: Sized {
    /// Reads it; the error says what is wrong, and what is allowed.
    fn read(text: &str) -> Result<Self, String>;
}

/// One word or a list of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words<T>(pub Vec<T>);

impl<T> Default for Words<T> {
    fn default() -> Self {
        Words(Vec::new())
    }
}

impl<'de, T: Word> Deserialize<'de> for Words<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordsVisitor(PhantomData))
    }
}

struct WordsVisitor<T>(PhantomData<T>);

impl<'de, T: Word> de::Visitor<'de> for WordsVisitor<T> {
    type Value = Words<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a string or a list of strings")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Words<T>, E> {
        T::read(text).map(|word| Words(vec![word])).map_err(E::custom)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Words<T>, A::Error> {
        let mut words = Vec::new();
        while let Some(One(word)) = list.next_element::<One<T>>()? {
            if words.len() == MOST_WORDS {
                return Err(de::Error::custom(format!("more than {MOST_WORDS} of them")));
            }
            words.push(word);
        }
        if words.is_empty() {
            return Err(de::Error::custom("an empty list fits nothing; leave the key out"));
        }
        Ok(Words(words))
    }
}

/// A word of a list. What its visitor says is wrong has the place of the word, and not of the list.
struct One<T>(T);

impl<'de, T: Word> Deserialize<'de> for One<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneVisitor<T>(PhantomData<T>);
        impl<T: Word> de::Visitor<'_> for OneVisitor<T> {
            type Value = One<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<One<T>, E> {
                T::read(text).map(One).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(OneVisitor(PhantomData))
    }
}

/// The one of several that has this name; the error lists their names.
pub fn one_of<T: Copy>(kind: &str, text: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, String> {
    let found = all.iter().copied().find(|&one| name(one) == text);
    found.ok_or_else(|| {
        let valid: Vec<&str> = all.iter().map(|&one| name(one)).collect();
        format!("unknown {kind} `{text}`; valid: {}", valid.join(", "))
    })
}
