//! The texts of the files, for the code in the report.

use std::collections::BTreeMap;

use super::Input;
use crate::config::{Config, Details};
use crate::walk::{self, SourceFile};

/// The texts of the files, for the code in the report; only where the report shows code.
#[derive(Default)]
pub(super) struct Texts {
    files: BTreeMap<String, SourceFile>,
    in_memory: BTreeMap<String, String>,
}

impl Texts {
    pub(super) fn of(files: &[Input], config: &Config) -> Texts {
        let mut texts = Texts::default();
        for input in files.iter().filter(|_| config.details >= Details::Code) {
            match input {
                Input::File(file) => drop(texts.files.insert(file.path.clone(), file.clone())),
                Input::Text { path, text, .. } => drop(texts.in_memory.insert(path.clone(), text.clone())),
                // Only what the tree holds now is shown.
                Input::Past(_) => {}
            }
        }
        texts
    }

    pub(super) fn read(&self, path: &str) -> Option<String> {
        if let Some(text) = self.in_memory.get(path) {
            return Some(text.clone());
        }
        let file = self.files.get(path)?;
        let read = walk::decode(path, file.kind, walk::read(file).ok()?).ok()?;
        Some(read.text)
    }
}
