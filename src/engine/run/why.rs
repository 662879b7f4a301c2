//! Why a rule says something at a line, or nothing: the whole run again, with one question asked on the way.

use std::path::Path;

use super::{Checked, Plan, apart, earlier, inputs_of, link_whole};
use crate::analysis::{Analyses, Analysis};
use crate::config::{Config, Details};
use crate::coverage::Coverage;
use crate::engine::baseline::Baseline;
use crate::engine::finish::{self, Fate, FinishOptions};
use crate::engine::pages::Pages;
use crate::engine::registry;
use crate::engine::suppress::Suppressions;
use crate::error::Error;
use crate::finding::{Confidence, Finding, Location, Priority, Status};
use crate::libraries::shared::value::FileId;
use crate::progress::Silent;
use crate::project::Project;
use crate::report::why::{self, Why};
use crate::silence::{AskedLines, Silence};
use crate::walk::{self, FileKind, FileRole, Walked};

/// What is asked: a rule's id, a file by its path relative to the root, and a line of it.
struct Question<'q> {
    rule: &'q str,
    file: &'q str,
    line: u32,
}

/// Says why a rule, by any of its names, has a finding at a line of a file, or has none. The path of the file is relative to the
/// root.
pub fn why(config: &Config, rule: &str, file: &str, line: u32) -> Result<Why, Error> {
    let pages = Pages::load(config.rules_dir.as_ref())?;
    let rule = pages.find("", rule)?.id.clone();
    let question = Question { rule: &rule, file, line };
    let mut answer = Why::of(&rule, file, line);
    let walked = walk::walk(config)?;
    let is_read = walked.files.iter().any(|known| known.path == file);
    if !is_read {
        answer.say("file", unread(config, &walked, file)?);
        return Ok(answer);
    }
    let baseline = match (&config.since, &config.baseline) {
        (Some(revision), _) => Some(earlier(config, revision)?.baseline),
        (None, Some(known)) => Some(Baseline::read(&config.root.join(known))?),
        (None, None) => None,
    };
    // Findings of other rules decide on some of this one's, and what is switched off is to be seen all the same.
    let all = Config {
        rules: Vec::new(),
        skip: Vec::new(),
        details: Details::None,
        ..config.clone()
    };
    let plan = Plan::of(&all, baseline, &Silent)?;
    apart(config, "why", || {
        let (files, with_tests, mut coverage) = inputs_of(walked);
        let mut project = link_whole(config, files, &mut coverage)?;
        if let Some(records) = &plan.stats {
            project.measure(records);
        }
        if !ask(&mut project, &question, &coverage, &mut answer)? {
            return Ok(answer);
        }
        let asker = Asker {
            config,
            pages: &pages,
            plan: &plan,
            question: &question,
        };
        asker.answer(&project, with_tests, &mut coverage, &mut answer)?;
        Ok(answer)
    })
}

/// Why a file is not read.
fn unread(config: &Config, walked: &Walked, file: &str) -> Result<String, Error> {
    let on_disk = config.root.join(file);
    if std::fs::symlink_metadata(&on_disk).is_err() {
        let error = Error::new(file, "no such file below the root");
        return Err(error.hint("give the path as a report shows it, and the folder that is scanned as the last argument"));
    }
    let is_in = |path: &str| Path::new(file).starts_with(path);
    if let Some(skipped) = walked.skipped.iter().find(|skipped| is_in(&skipped.path)) {
        return Ok(format!("is not read: {} ({})", skipped.reason.one(), skipped.path));
    }
    if FileKind::of(file).is_none() {
        return Ok("is not read: it is of no kind that is".to_owned());
    }
    if walk::role(file, &config.words) == FileRole::Test && !walked.with_tests {
        return Ok("is not read: it is a test, see --include-tests".to_owned());
    }
    Ok("is not read: it is not below the paths that are scanned, or an ignore file, `exclude`, or a hidden or dependency folder leaves it out".to_owned())
}

fn role_words(role: FileRole) -> &'static str {
    match role {
        FileRole::Source => "source of the program",
        FileRole::Test => "a test",
        FileRole::Script => "a script: its findings are P3, but for the schema",
        FileRole::Migration => "a migration: its findings are P3, but for the schema",
        FileRole::Generated => "generated: its findings are left out",
        FileRole::Example => "an example: its findings are P3, but for the schema",
    }
}

/// Asks the rule about the line; `false` where the line can hold nothing.
fn ask(project: &mut Project, question: &Question<'_>, coverage: &Coverage, answer: &mut Why) -> Result<bool, Error> {
    let at = project.code.files.iter().position(|facts| facts.path == question.file);
    let Some((at, facts)) = at.and_then(|at| Some((at, project.code.files.get(at)?))) else {
        let skipped = coverage
            .skipped
            .iter()
            .find(|(_, counted)| counted.examples.iter().any(|path| path == question.file));
        let why = skipped.map_or("it could not be", |(reason, _)| reason.one());
        answer.say("file", format!("is not read: {why}"));
        return Ok(false);
    };
    let Some(lines) = facts.lines.span_of(question.line) else {
        let place = format!("{}:{}", question.file, question.line);
        return Err(Error::new(place, "the file ends before that line"));
    };
    answer.say("file", format!("is read; {}", role_words(facts.role)));
    let broken = facts.module.iter().flat_map(|module| &module.broken);
    if broken.into_iter().any(|span| span.start < lines.end && lines.start < span.end) {
        answer.say("file", "the line stands in code that did not parse: nothing is known of it");
    }
    for &(limit, offset) in &facts.over {
        answer.say("file", format!("line {}: {}", facts.lines.line(offset), limit.about().beyond));
    }
    project.silence = Silence::of(AskedLines {
        topics: registry::topics(question.rule),
        file: at,
        lines,
    });
    Ok(true)
}

struct Asker<'a> {
    config: &'a Config,
    pages: &'a Pages,
    plan: &'a Plan<'a>,
    question: &'a Question<'a>,
}

impl Asker<'_> {
    fn answer(&self, project: &Project, with_tests: bool, coverage: &mut Coverage, answer: &mut Why) -> Result<(), Error> {
        let run = Analyses::new(project);
        let (findings, _) = self.plan.rules.check(&run, coverage, self.plan.observer);
        let scope = Checked::of(self.plan, project);
        let role = |path: &str| project.role_of(path);
        let mut options = self.plan.options(&scope, &role, with_tests);
        let (wanted, skipped) = (
            self.pages.resolve("", &self.config.rules)?,
            self.pages.resolve("", &self.config.skip)?,
        );
        let is_on = |id: &&str| (wanted.is_empty() || wanted.iter().any(|rule| rule == id)) && !skipped.iter().any(|rule| rule == id);
        options.wanted.retain(is_on);
        self.say_rule(&options, answer);
        let mut suppressions = self.plan.suppressions(project);
        let (findings, _) = finish::prepared(findings, &mut suppressions, &options);
        let count = self.say_findings(&findings, &suppressions, &options, answer);
        self.say_silence(project, count, answer);
        let file = project.code.files.iter().position(|facts| facts.path == self.question.file);
        let lines = file
            .and_then(|at| project.code.files.get(at))
            .and_then(|facts| facts.lines.span_of(self.question.line));
        if let Some((file, lines)) = file.zip(lines) {
            // The table of query sites is one of what takes all threads.
            Analysis::Queries.prepare(&run);
            why::facts(&run, FileId(u32::try_from(file).unwrap_or(u32::MAX)), lines, answer);
        }
        Ok(())
    }

    /// Whether the rule is on where the line is.
    fn say_rule(&self, options: &FinishOptions<'_>, answer: &mut Why) {
        let place = Location {
            file: self.question.file.to_owned(),
            ..Location::default()
        };
        let here = Finding::new(self.question.rule, Priority::P3, Confidence::High, place);
        let (is_on, given) = options.policy.judge(&here);
        answer.say(
            "rule",
            match given {
                _ if !options.wanted.contains(&self.question.rule) => "is off: it is not among the rules of this run".to_owned(),
                _ if !is_on => "is off for this file, by the configuration".to_owned(),
                Some(priority) => format!("is on; the configuration gives its findings {priority:?}"),
                None => "is on".to_owned(),
            },
        );
    }

    /// Says what is found at the line, and what becomes of it; how many findings that is.
    fn say_findings(&self, findings: &[Finding], suppressions: &Suppressions, options: &FinishOptions<'_>, answer: &mut Why) -> usize {
        let mut count = 0;
        for finding in findings.iter().filter(|finding| finding.rule == self.question.rule) {
            let place = &finding.location;
            if !self.is_here(place) {
                let step = finding.related.iter().find(|related| self.is_here(&related.location));
                if let Some(step) = step {
                    answer.say(
                        "part of",
                        format!("the finding at {}:{}, as \"{}\"", place.file, place.start_line, step.message),
                    );
                    count += 1;
                    answer.finding(finding, &finish::limits(finding, options));
                    answer.say("becomes", fate(finding, suppressions, options));
                }
                continue;
            }
            count += 1;
            answer.finding(finding, &finish::limits(finding, options));
            answer.say("becomes", fate(finding, suppressions, options));
        }
        if count == 0 {
            answer.say("finding", "none at this line");
        }
        count
    }

    fn is_here(&self, place: &Location) -> bool {
        place.file == self.question.file && place.start_line <= self.question.line && self.question.line <= place.end_line
    }

    /// Says which conditions kept the rule silent.
    fn say_silence(&self, project: &Project, found: usize, answer: &mut Why) {
        let notes = project.silence.notes();
        let facts = project.code.files.iter().find(|facts| facts.path == self.question.file);
        answer.notes(&notes, |offset| facts.map_or((1, 1), |facts| facts.lines.position(offset)));
        if !notes.is_empty() || found > 0 {
            return;
        }
        let text = if registry::topics(self.question.rule).is_empty() {
            "the rule keeps no notes; these are the facts"
        } else {
            "no condition of the rule left a note on this line: it looks for other places, or it turned away where it keeps no note"
        };
        answer.say("silent", text);
    }
}

/// What becomes of a finding, in words.
fn fate(finding: &Finding, suppressions: &Suppressions, options: &FinishOptions<'_>) -> String {
    let known = match finding.status {
        Status::Known => "; the baseline knows it, so it is not new",
        Status::New => "",
    };
    let text = match finish::fate(finding, suppressions, options) {
        Fate::Reported => "it is reported".to_owned(),
        Fate::LeftOut => "it is left out: it stands in a test or in a generated file".to_owned(),
        Fate::NotWanted => "it is left out: the rule is off".to_owned(),
        Fate::Suppressed => "a comment suppresses it".to_owned(),
        Fate::Off => "it is left out: the rule is off for its file".to_owned(),
        Fate::UnderPriority => format!("it is under the least priority of this run, {:?}", options.min_priority),
        Fate::UnderConfidence => format!("it is under the least confidence of this run, {:?}", options.min_confidence).to_lowercase(),
    };
    format!("{text}{known}")
}
