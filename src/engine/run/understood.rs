//! What is understood of a project or of one file, for those who list it: no rule runs.

use super::{apart, inputs, link_whole, read_all};
use crate::config::Config;
use crate::coverage::Coverage;
use crate::error::Error;
use crate::progress::Silent;
use crate::project::Project;
use crate::syntax::facts::FileFacts;

/// Reads what a configuration names and hands the linked project to `run`, with what was covered; no rule runs.
pub fn understand<T: Send>(config: &Config, run: impl FnOnce(&Project, &Coverage) -> T + Send) -> Result<T, Error> {
    let (files, _, mut coverage) = inputs(config)?;
    apart(config, "list", || {
        let project = link_whole(config, files, &mut coverage)?;
        project.cover(&mut coverage);
        Ok(run(&project, &coverage))
    })
}

/// Reads the one file that a configuration names; nothing is linked.
pub fn read_one(config: &Config) -> Result<FileFacts, Error> {
    let (files, _, mut coverage) = inputs(config)?;
    let place = || {
        config
            .paths
            .first()
            .map_or_else(String::new, |path| path.to_string_lossy().into_owned())
    };
    if files.len() > 1 {
        return Err(Error::new(place(), "holds several files that are read").hint("give one file"));
    }
    let facts = apart(config, "read", || Ok(read_all(config, files, &mut coverage, &Silent)))?;
    let skipped = coverage.skipped.keys().next();
    facts.into_iter().next().ok_or_else(|| {
        let why = skipped.map_or("there is nothing that is read", |reason| reason.one());
        Error::new(place(), format!("cannot be shown: {why}"))
    })
}
