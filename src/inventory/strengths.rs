//! What was checked and is well, each with its place: the counterpart of the rules.

mod calls;
mod waits;

use crate::analysis::Analyses;
use crate::analysis::indexes::needs;
use crate::analysis::indexes::wanted::NeedsByColumn;
use crate::budget::Limit;
use crate::finding::Strength;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::deployment::apps::Registered;
use crate::source::Span;

/// All strengths of a project, by kind, then place.
pub fn find(run: &Analyses<'_>) -> Vec<Strength> {
    let project = run.project;
    let mut all = calls::find(project);
    all.extend(waits::find(project));
    all.extend(pools(project));
    all.extend(features(project));
    all.extend(eager_loads(project));
    all.extend(indexes(run));
    all.extend(index_builds(project));
    all.sort_by(|left, right| (&left.kind, &left.location, &left.message).cmp(&(&right.kind, &right.location, &right.message)));
    all.dedup();
    let mut kept: Vec<Strength> = Vec::new();
    let mut of_kind = 0;
    for strength in all {
        of_kind = if kept.last().is_some_and(|last| last.kind == strength.kind) {
            of_kind + 1
        } else {
            0
        };
        if of_kind < Limit::Strengths.count() {
            kept.push(strength);
        } else {
            project.code.overruns.add(Limit::Strengths, strength.kind);
        }
    }
    kept
}

fn strength(project: &Project, kind: &str, message: String, file: FileId, span: Span) -> Strength {
    Strength {
        kind: kind.to_owned(),
        message,
        location: project.place(file, span, ""),
    }
}

/// Pools that were given a size.
fn pools(project: &Project) -> Vec<Strength> {
    let sized = project.deployment.pools.iter().filter(|pool| pool.sized && !pool.short_lived);
    let words = |pool: &crate::project::deployment::pools::Pool| match pool.max {
        Some(max) => format!("`{}` has a pool of at most {max} connections.", pool.kind.label()),
        None => format!("`{}` says how large its pool is.", pool.kind.label()),
    };
    sized
        .map(|pool| strength(project, "pool-configured", words(pool), pool.file, pool.span))
        .collect()
}

/// Compression, metrics and rate limits that an application registers.
fn features(project: &Project) -> Vec<Strength> {
    let features = &project.deployment.features;
    let kinds: [(&str, &str, &[Registered; 2]); 3] = [
        ("compression", "Responses are compressed.", &features.compression),
        ("metrics", "Metrics or traces leave the process.", &features.metrics),
        ("rate-limit", "Requests of one client are limited.", &features.guard),
    ];
    let mut out = Vec::new();
    for (kind, words, places) in kinds {
        for &(file, span) in places.iter().flatten() {
            out.push(strength(project, kind, words.to_owned(), file, span));
        }
    }
    out
}

/// Queries that load relations along with their rows.
fn eager_loads(project: &Project) -> Vec<Strength> {
    let sites = project.graph.sites.iter().filter(|site| !site.query.eager.is_empty());
    let words = |names: &[String]| {
        let shown: Vec<String> = names.iter().take(4).map(|name| format!("`{name}`")).collect();
        let rest = names.len().saturating_sub(4);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        format!("Loads {}{more} along with the rows.", shown.join(", "))
    };
    sites
        .map(|site| strength(project, "eager-load", words(&site.query.eager), site.file, site.span))
        .collect()
}

/// Indexes that serve query sites.
fn indexes(run: &Analyses<'_>) -> Vec<Strength> {
    let project = run.project;
    let by_table = needs::by_table(project, run.index_needs());
    let mut out = Vec::new();
    for (table, wanted) in project.schema.tables.iter().zip(&by_table) {
        let wanted = NeedsByColumn::of(wanted);
        for index in &table.indexes {
            let sites = wanted.sites(index);
            let Some(place) = index.place().filter(|_| !sites.is_empty()) else {
                continue;
            };
            let first = sites.first().and_then(|&site| project.graph.sites.get(site));
            let example = first.map(|site| project.place(site.file, site.span, "")).unwrap_or_default();
            let message = format!(
                "The index of `{}` on {} serves {}, such as {}:{}.",
                table.full_name(),
                index.key_list(),
                if sites.len() == 1 {
                    "a query".to_owned()
                } else {
                    format!("{} queries", sites.len())
                },
                example.file,
                example.start_line
            );
            out.push(Strength {
                kind: "covered-index".to_owned(),
                message,
                location: project.schema_place(place),
            });
        }
    }
    out
}

/// Indexes that are built without blocking writes.
fn index_builds(project: &Project) -> Vec<Strength> {
    let builds = project.schema.builds.iter().filter(|build| build.index.concurrently);
    builds
        .map(|build| Strength {
            kind: "concurrent-index".to_owned(),
            message: format!("The index on `{}` is built without blocking writes.", build.index.table),
            location: project.schema_place(&build.place),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::facts;
    use crate::walk::FileKind;

    fn kinds(texts: &[(&str, &str)]) -> Vec<String> {
        let files = texts
            .iter()
            .filter_map(|(path, text)| Some(facts::extract(path, FileKind::of(path)?, text)));
        let mut kinds: Vec<String> = find(&Analyses::new(&Project::link(files.collect())))
            .into_iter()
            .map(|strength| strength.kind)
            .collect();
        kinds.dedup();
        kinds
    }

    #[test]
    fn good_calls_are_found_with_their_kind() {
        let python = "import asyncio\nimport httpx\nimport redis\nfrom fastapi import Query\n\ncache = redis.Redis()\nclient = httpx.AsyncClient(timeout=5)\n\n\nasync def load(limit: int = Query(20, le=100)):\n    cache.set('a', 1, ex=60)\n    return await asyncio.gather(client.get('https://a'), client.get('https://b'))\n";
        assert_eq!(
            kinds(&[("app/main.py", python)]),
            ["bounded-page", "cache-with-ttl", "parallel-waits", "timeout-set"]
        );
    }

    #[test]
    fn an_index_names_the_queries_it_serves() {
        let sql = "CREATE TABLE orders (id int PRIMARY KEY, buyer int);\nCREATE INDEX CONCURRENTLY ix ON orders (buyer);\n";
        let code = "import psycopg2\n\n\ndef of(buyer):\n    connection = psycopg2.connect('dbname=x')\n    cursor = connection.cursor()\n    cursor.execute('SELECT id FROM orders WHERE buyer = %s', (buyer,))\n    return cursor.fetchall()\n";
        let files = [("app/a.py", code), ("migrations/001_a.sql", sql)];
        assert_eq!(kinds(&files), ["concurrent-index", "covered-index"]);
    }

    #[test]
    fn a_limit_of_what_is_asked_of_others_is_none_of_the_server() {
        let own = "from fastapi import Depends, FastAPI\n\napp = FastAPI()\n\n\ndef rate_limit():\n    pass\n\n\n@app.get('/a', dependencies=[Depends(rate_limit)])\ndef a():\n    return 1\n";
        assert_eq!(kinds(&[("app/main.py", own)]), ["rate-limit"]);
        let asked = "import requests\nfrom ratelimit import limits\n\n\ndef throttled_get(url):\n    return requests.get(url, timeout=3)\n\n\n@limits(calls=5, period=1)\ndef load():\n    return throttled_get('https://a')\n";
        assert_eq!(kinds(&[("app/main.py", asked)]), ["timeout-set"]);
    }

    #[test]
    fn what_is_missing_is_no_strength() {
        let python = "import httpx\nfrom fastapi import Query\n\nclient = httpx.AsyncClient(timeout=None)\n\n\nasync def load(limit: int = Query(20)):\n    return await client.get('https://a')\n";
        assert!(kinds(&[("app/main.py", python)]).is_empty());
    }
}
