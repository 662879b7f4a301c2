//! Every query site as plain data: where it is, who reaches it, what it reads or writes, and what bounds and serves it.

use serde::Serialize;

use super::{MadeBy, VERSION};
use crate::analysis::Analyses;
use crate::analysis::queries::RowBound;
use crate::engine::places::Places;
use crate::escape;
use crate::inventory::queries;
use crate::inventory::rows::QueryRow;
use crate::project::Project;
use crate::render::text;

/// The list of a project, in the order of files and places.
#[derive(Clone, Debug, Serialize)]
pub struct QueryList {
    /// Version of the form.
    pub version: u32,
    /// Name and version of the program that wrote the list.
    pub tool: MadeBy,
    /// The folder that paths are relative to, as it was given.
    pub root: String,
    /// Sites whose statement was not understood.
    pub not_understood: usize,
    /// The sites.
    pub queries: Vec<QueryRow>,
}

impl QueryList {
    /// Lists the sites of a project that stand in some places.
    pub fn of(project: &Project, root: &str, places: &Places) -> QueryList {
        let mut queries = queries::build(&Analyses::new(project));
        queries.retain(|row| places.has(&row.location.file));
        for row in &mut queries {
            row.sql = text::of(project, row.site);
        }
        let unknown = RowBound::NotUnderstood.words();
        QueryList {
            version: VERSION,
            tool: MadeBy::default(),
            root: root.to_owned(),
            not_understood: queries.iter().filter(|row| row.rows == unknown).count(),
            queries,
        }
    }

    /// The list as one JSON document, in the form that its `version` names.
    pub fn json(&self) -> String {
        escape::json(self)
    }
}
