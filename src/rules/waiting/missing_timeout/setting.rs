//! What a call says of its timeout.

use super::about::FileContext;
use crate::ir::{Call, ExprId, ExprKind};
use crate::libraries::shared::effects::TimeoutFacts;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;

/// Objects of options that are spread into each other; behind that a timeout counts as possible.
const MAX_SPREADS: u32 = 4;

/// What a call says of its timeout.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeoutSetting {
    Set,
    /// It may come through a spread, a variable, a wrapper.
    Open,
    /// `timeout=None`.
    Never,
    Missing,
}

pub(super) fn setting(
    eval: &Evaluator<'_>,
    file: FileId,
    call: &Call<'_>,
    facts: &TimeoutFacts,
    about: &FileContext<'_>,
) -> TimeoutSetting {
    let module = eval.module(file);
    for argument in &facts.arguments {
        if let Some(value) = call.keyword(argument) {
            return if matches!(module.kind(value), ExprKind::Null) {
                TimeoutSetting::Never
            } else {
                TimeoutSetting::Set
            };
        }
    }
    if call.is_open() {
        return spread(eval, file, call, facts, about);
    }
    if module.language.names_arguments() {
        if facts.position.is_some_and(|position| call.arg(position).is_some()) {
            return TimeoutSetting::Set;
        }
        // `postgresql://…?connect_timeout=5`, `redis://…?socket_timeout=5`.
        let told = call.args.iter().any(|arg| {
            let (at, value) = eval.definition(file, arg.value).unwrap_or((file, arg.value));
            eval.module(at)
                .literal_text(value)
                .is_some_and(|text| facts.arguments.iter().any(|argument| text.contains(argument.as_str())))
        });
        return if told { TimeoutSetting::Set } else { TimeoutSetting::Missing };
    }
    match facts.position.and_then(|position| call.arg(position)) {
        Some(options) => of_options(eval, file, options, facts, about, 0),
        None => TimeoutSetting::Missing,
    }
}

/// `requests.get(url, **options)`: where the options are a literal, they tell.
fn spread(eval: &Evaluator<'_>, file: FileId, call: &Call<'_>, facts: &TimeoutFacts, about: &FileContext<'_>) -> TimeoutSetting {
    let module = eval.module(file);
    let mut spreads = call.args.iter().filter_map(|arg| match module.kind(arg.value) {
        ExprKind::Spread(inner) => Some(*inner),
        _ => None,
    });
    let (Some(only), None) = (spreads.next(), spreads.next()) else {
        return TimeoutSetting::Open;
    };
    if matches!(module.kind(only), ExprKind::Object(_)) {
        of_options(eval, file, only, facts, about, 0)
    } else {
        TimeoutSetting::Open
    }
}

/// What an options object says, through names and spreads.
pub(super) fn of_options(
    eval: &Evaluator<'_>,
    file: FileId,
    options: ExprId,
    facts: &TimeoutFacts,
    about: &FileContext<'_>,
    depth: u32,
) -> TimeoutSetting {
    if depth > MAX_SPREADS || !about.has_steps() {
        return TimeoutSetting::Open;
    }
    let module = eval.module(file);
    match module.kind(options) {
        ExprKind::Object(entries) => {
            for entry in entries {
                let Some(key) = entry.key else {
                    if of_options(eval, file, entry.value, facts, about, depth + 1) != TimeoutSetting::Missing {
                        return TimeoutSetting::Open;
                    }
                    continue;
                };
                match module.string(key) {
                    Some(key) if facts.arguments.iter().any(|argument| argument == key) => return TimeoutSetting::Set,
                    Some(_) => {}
                    None => return TimeoutSetting::Open,
                }
            }
            TimeoutSetting::Missing
        }
        ExprKind::Null => TimeoutSetting::Missing,
        ExprKind::Binary { op, right, .. } if module.str(*op) == "and" => of_options(eval, file, *right, facts, about, depth + 1),
        ExprKind::Binary { left, right, .. } => both(eval, file, [*left, *right], facts, about, depth),
        ExprKind::Call { callee, args, .. } if matches!(module.name(*callee), Some("omit" | "pick")) => match args.first() {
            Some(first) => of_options(eval, file, first.value, facts, about, depth + 1),
            None => TimeoutSetting::Open,
        },
        ExprKind::Cond { then, orelse, .. } => both(eval, file, [*then, *orelse], facts, about, depth),
        ExprKind::Name(_) => match eval.definition(file, options) {
            Some((at, value)) if (at, value) != (file, options) && !about.is_changed(file, options) => {
                if matches!(eval.module(at).kind(value), ExprKind::Object(_)) {
                    of_options(eval, at, value, facts, about, depth + 1)
                } else {
                    TimeoutSetting::Open
                }
            }
            _ => TimeoutSetting::Open,
        },
        _ => TimeoutSetting::Open,
    }
}

/// `condition ? { … } : {}`, `given ?? {}`.
fn both(
    eval: &Evaluator<'_>,
    file: FileId,
    parts: [ExprId; 2],
    facts: &TimeoutFacts,
    about: &FileContext<'_>,
    depth: u32,
) -> TimeoutSetting {
    let missing = parts
        .into_iter()
        .all(|part| of_options(eval, file, part, facts, about, depth + 1) == TimeoutSetting::Missing);
    if missing { TimeoutSetting::Missing } else { TimeoutSetting::Open }
}

/// A lock that was made with its limit: `client.lock(name, blocking_timeout=5)`. One that was made out of sight may have it.
pub(super) fn is_lock_with_limit(eval: &Evaluator<'_>, file: FileId, call: &Call<'_>, name: &str) -> bool {
    if !name.ends_with("Lock.acquire") {
        return false;
    }
    let made = call.receiver().and_then(|lock| eval.definition(file, lock));
    made.and_then(|(at, value)| eval.module(at).call(value))
        .is_none_or(|made| made.is_open() || made.keyword("blocking_timeout").is_some() || made.keyword("blocking").is_some())
}
