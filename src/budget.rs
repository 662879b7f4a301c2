//! What a run may cost, whatever it reads: every bound that can leave something out, in one table, and what went over.
//!
//! A bound counts work, never time, so that the same input is read as far on a busy machine as on an idle one. What reaches a bound
//! is told with its place: [`tell`] in the front ends, which read one file on one thread; [`Overruns`] in all that works on the linked
//! project.

mod counted;
mod description;
mod overruns;
mod steps;
mod work;

use serde::{Deserialize, Serialize};

pub use counted::{CountedItems, CountedVec};
pub use description::{LimitDescription, table};
pub use overruns::{Overrun, Overruns, hearing, tell};
pub use steps::Steps;
pub use work::{Work, count, done, looked};

/// A bound. Its row in [`Limit::about`] says how much, and what is left out beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Bytes of a file of code.
    CodeSize,
    /// Bytes of any other file.
    DataSize,
    /// Bytes of a file that says what is ignored: those of very large projects have 15,000, and to make a matcher of a hostile one of
    /// this size takes half a second.
    IgnoreSize,
    /// Files and folders of an earlier revision.
    CommitEntries,
    /// Levels of nesting that are followed.
    Nesting,
    /// Different depths of indentation.
    Indentation,
    /// Columns of a table.
    Columns,
    /// Indexes of a table.
    Indexes,
    /// Brackets that are open at once.
    Brackets,
    /// Steps that the grammar may take for a file.
    Parsing,
    /// Bytes of a file of settings.
    SettingsSize,
    /// Levels of a file of settings.
    SettingsNesting,
    /// Settings of a file.
    Settings,
    /// Values of a YAML file, aliases written out.
    YamlItems,
    /// Bytes of a YAML file, aliases written out, and of its paths.
    YamlBytes,
    /// Services of a compose file.
    Services,
    /// Tags of a template.
    TemplateTags,
    /// Bytes of a tag of a template.
    TemplateTag,
    /// Loops in loops of a template.
    TemplateLoops,
    /// Bytes of a Prisma field that goes over several lines.
    PrismaLine,
    /// Fields of a GraphQL document.
    GraphQlFields,
    /// Statements of a SQL file.
    SqlStatements,
    /// Bytes of a statement on rows.
    SqlStatement,
    /// Operators of a statement on rows.
    SqlOperators,
    /// Levels of a statement on rows.
    SqlNesting,
    /// Bodies in bodies of `DO`.
    SqlBodies,
    /// Steps of one rule in one file.
    FileSteps,
    /// Changes of a schema that one migration makes.
    Changes,
    /// Operations of a Django migration.
    Operations,
    /// Items of a loop of a migration.
    LoopItems,
    /// Classes that one model inherits from.
    Bases,
    /// Steps of the replay of one file of changes.
    Replay,
    /// Removed parts of the schema.
    Removed,
    /// Steps from calls that block back to their callers.
    BlockingCallers,
    /// Functions that are followed from one endpoint.
    Reach,
    /// Things that are done well, of one kind.
    Strengths,
    /// Places looked at in one file to follow what names hold.
    Following,
    /// Steps of a chain of calls.
    ChainSteps,
    /// Parameters of a function.
    Parameters,
    /// Classes that a look-up in a hierarchy goes through.
    Ancestors,
    /// Statements that add to one query or its conditions.
    Additions,
    /// Pieces of one SQL text.
    SqlPieces,
    /// Bytes of one SQL text.
    SqlText,
    /// Uses of one query's rows.
    Uses,
    /// How far a value is followed.
    Distance,
    /// Statements and expressions around a place.
    Holders,
    /// Statements of a loop's body.
    LoopBody,
    /// Parts of one expression.
    Parts,
    /// Reads of one function that are compared.
    Reads,
    /// Files that re-export each other.
    Stars,
    /// Assignments of a function, for what its calls pass.
    Assignments,
    /// Functions looked at around one call.
    Around,
    /// Relations that are read of one row.
    Relations,
    /// Helpers of a migration in each other.
    Helpers,
    /// Statements of a migration, each as often as it is run.
    MigrationSteps,
    /// Routes that one request of a client may be for.
    Routes,
    /// Functions and components that are followed from a route to those that ask it.
    Askers,
    /// Pieces that the addresses of one file's requests are put together from.
    Addresses,
    /// Names that are followed from what a client is made with.
    Origins,
    /// Names that a migration has values for.
    MigrationNames,
    /// Findings of one rule of the user's own.
    OwnFindings,
}

/// All bounds, in the order of the README's table.
pub const LIMITS: &[LimitDescription] = &[
    LimitDescription {
        limit: Limit::CodeSize,
        what: "Size of a file of code",
        most: 3_000_000,
        written: "3 MB",
        beyond: "left out, as too large",
        places: ("file of code too large", "files of code too large"),
    },
    LimitDescription {
        limit: Limit::DataSize,
        what: "Size of any other file that is read",
        most: 32_000_000,
        written: "32 MB",
        beyond: "left out, as too large",
        places: ("file too large", "files too large"),
    },
    LimitDescription {
        limit: Limit::IgnoreSize,
        what: "Size of an ignore file; of those that hold in one folder, 100 and 150 kB; of all below one path, 2 MB; of a file that says where a repository is, 10 kB",
        most: 50_000,
        written: "50 kB",
        beyond: "the ignore file is left out, as too large",
        places: ("ignore file too large", "ignore files too large"),
    },
    LimitDescription {
        limit: Limit::CommitEntries,
        what: "Files and folders of an earlier revision; an object of it has 256 MiB at most, a list of files 64 MiB",
        most: 1_000_000,
        written: "1,000,000",
        beyond: "`--since` ends with an error",
        places: ("revision with too many files", "revisions with too many files"),
    },
    LimitDescription {
        limit: Limit::Nesting,
        what: "Nesting of code",
        most: 400,
        written: "400 levels",
        beyond: "deeper code is left out, its file is read",
        places: ("place nested too deeply", "places nested too deeply"),
    },
    LimitDescription {
        limit: Limit::Indentation,
        what: "Different depths of indentation in a Python file",
        most: 370,
        written: "370",
        beyond: "the file is left out, as nested too deeply",
        places: ("file nested too deeply", "files nested too deeply"),
    },
    LimitDescription {
        limit: Limit::Columns,
        what: "Columns of a table of the schema",
        most: 5_000,
        written: "5,000",
        beyond: "the table counts as one that may have more",
        places: ("table with too many columns", "tables with too many columns"),
    },
    LimitDescription {
        limit: Limit::Indexes,
        what: "Indexes of a table of the schema",
        most: 1_000,
        written: "1,000",
        beyond: "the table counts as one that may have more",
        places: ("table with too many indexes", "tables with too many indexes"),
    },
    LimitDescription {
        limit: Limit::Brackets,
        what: "Brackets that are open at once in a file of code, and `!` in a row",
        most: 2_500,
        written: "2,500",
        beyond: "what stands deeper counts as blank, its file is read",
        places: ("file with too many open brackets", "files with too many open brackets"),
    },
    LimitDescription {
        limit: Limit::Parsing,
        what: "Work to parse a file of code",
        most: 850_000_000,
        written: "1,600 steps for each byte and 4 million more, 850 million in all",
        beyond: "the file is left out, as too much work to parse",
        places: ("file that takes too much work to parse", "files that take too much work to parse"),
    },
    LimitDescription {
        limit: Limit::SettingsSize,
        what: "Size of a file of settings (YAML, JSON, TOML, and those of servers)",
        most: 1_048_576,
        written: "1 MiB",
        beyond: "its settings are left out",
        places: ("file of settings too large", "files of settings too large"),
    },
    LimitDescription {
        limit: Limit::SettingsNesting,
        what: "Nesting of settings",
        most: 32,
        written: "32 levels in YAML, 127 in JSON, 80 in TOML",
        beyond: "YAML is read up to there; other files' settings are left out",
        places: ("place in settings nested too deeply", "places in settings nested too deeply"),
    },
    LimitDescription {
        limit: Limit::Settings,
        what: "Settings or commands of a file, but for YAML",
        most: 5_000,
        written: "5,000",
        beyond: "the rest of the file is left out",
        places: ("file with too many settings", "files with too many settings"),
    },
    LimitDescription {
        limit: Limit::YamlItems,
        what: "Values of a YAML file, with its aliases written out",
        most: 60_000,
        written: "60,000",
        beyond: "the rest of the file is left out",
        places: ("YAML file with too many values", "YAML files with too many values"),
    },
    LimitDescription {
        limit: Limit::YamlBytes,
        what: "Text of a YAML file, with its aliases and the path of each value written out",
        most: 16_000_000,
        written: "16 MB",
        beyond: "the rest of the file is left out",
        places: ("YAML file that writes out too much", "YAML files that write out too much"),
    },
    LimitDescription {
        limit: Limit::Services,
        what: "Services of a compose file",
        most: 300,
        written: "300",
        beyond: "further services are left out",
        places: ("compose file with too many services", "compose files with too many services"),
    },
    LimitDescription {
        limit: Limit::TemplateTags,
        what: "Tags of a template",
        most: 20_000,
        written: "20,000",
        beyond: "the rest of the file is left out",
        places: ("template with too many tags", "templates with too many tags"),
    },
    LimitDescription {
        limit: Limit::TemplateTag,
        what: "Length of a template's tag",
        most: 4_000,
        written: "4,000 bytes",
        beyond: "the tag counts as text",
        places: ("template's tag too long", "templates' tags too long"),
    },
    LimitDescription {
        limit: Limit::TemplateLoops,
        what: "Loops in loops of a template",
        most: 20,
        written: "20",
        beyond: "deeper loops are left out",
        places: ("template's loop nested too deeply", "templates' loops nested too deeply"),
    },
    LimitDescription {
        limit: Limit::PrismaLine,
        what: "Length of a field in a Prisma schema",
        most: 20_000,
        written: "20,000 bytes",
        beyond: "it ends there, and the next line is a field",
        places: ("field of a Prisma schema too long", "fields of Prisma schemas too long"),
    },
    LimitDescription {
        limit: Limit::GraphQlFields,
        what: "Fields of a GraphQL document",
        most: 200_000,
        written: "200,000",
        beyond: "the rest of the document is left out",
        places: ("GraphQL document with too many fields", "GraphQL documents with too many fields"),
    },
    LimitDescription {
        limit: Limit::SqlStatements,
        what: "Statements of a SQL file",
        most: 50_000,
        written: "50,000",
        beyond: "the rest of the file is left out",
        places: ("SQL file with too many statements", "SQL files with too many statements"),
    },
    LimitDescription {
        limit: Limit::SqlStatement,
        what: "Length of a SQL statement on rows; of SQL text in code 128 KiB, in 2,000 pieces",
        most: 65_536,
        written: "64 KiB",
        beyond: "the statement counts as not understood",
        places: ("SQL statement too long", "SQL statements too long"),
    },
    LimitDescription {
        limit: Limit::SqlOperators,
        what: "Operators of a SQL statement on rows",
        most: 1_500,
        written: "1,500",
        beyond: "the statement counts as not understood",
        places: ("SQL statement with too many operators", "SQL statements with too many operators"),
    },
    LimitDescription {
        limit: Limit::SqlNesting,
        what: "Nesting of a SQL statement on rows",
        most: 60,
        written: "60 levels",
        beyond: "the statement counts as not understood",
        places: ("SQL statement nested too deeply", "SQL statements nested too deeply"),
    },
    LimitDescription {
        limit: Limit::SqlBodies,
        what: "`DO` and `EXECUTE` in each other",
        most: 4,
        written: "4 levels",
        beyond: "the statement counts as not understood",
        places: ("SQL body nested too deeply", "SQL bodies nested too deeply"),
    },
    LimitDescription {
        limit: Limit::FileSteps,
        what: "Steps of one rule in one file",
        most: 2_000_000,
        written: "2 million",
        beyond: "what the rule has not looked at is taken as right",
        places: (
            "file with too much for a rule to look at",
            "files with too much for a rule to look at",
        ),
    },
    LimitDescription {
        limit: Limit::Changes,
        what: "Changes of the schema by one migration",
        most: 20_000,
        written: "20,000",
        beyond: "later changes are left out",
        places: ("migration with too many changes", "migrations with too many changes"),
    },
    LimitDescription {
        limit: Limit::Operations,
        what: "Operations of a Django migration",
        most: 5_000,
        written: "5,000",
        beyond: "later operations are left out",
        places: ("migration with too many operations", "migrations with too many operations"),
    },
    LimitDescription {
        limit: Limit::LoopItems,
        what: "Items of a loop in a migration",
        most: 200,
        written: "200",
        beyond: "the loop is run for the first ones",
        places: ("loop of a migration with too many items", "loops of migrations with too many items"),
    },
    LimitDescription {
        limit: Limit::Bases,
        what: "Classes that a model inherits from",
        most: 40,
        written: "40",
        beyond: "columns of further ones are left out",
        places: ("model with too many base classes", "models with too many base classes"),
    },
    LimitDescription {
        limit: Limit::Replay,
        what: "Steps to replay one file's changes of the schema",
        most: 300_000_000,
        written: "300 million",
        beyond: "later changes are left out",
        places: (
            "file whose changes take too long to replay",
            "files whose changes take too long to replay",
        ),
    },
    LimitDescription {
        limit: Limit::Removed,
        what: "Parts of the schema that migrations take away",
        most: 50_000,
        written: "50,000",
        beyond: "later ones are not told where a query asks for them",
        places: ("file that takes too many parts away", "files that take too many parts away"),
    },
    LimitDescription {
        limit: Limit::BlockingCallers,
        what: "Steps from calls that block an event loop back to their callers",
        most: 2_000_000,
        written: "2 million, a tenth of them for one function; 3,000 callers, 200 to know whose loop it is",
        beyond: "further callers are left out",
        places: ("blocking call with too many callers", "blocking calls with too many callers"),
    },
    LimitDescription {
        limit: Limit::Reach,
        what: "Functions that the inventory follows from one endpoint",
        most: 3_000,
        written: "3,000",
        beyond: "the endpoint's numbers count what was followed and are marked",
        places: (
            "endpoint that reaches too many functions",
            "endpoints that reach too many functions",
        ),
    },
    LimitDescription {
        limit: Limit::Strengths,
        what: "Things done well, of one kind; limits of capacity, of one kind, 40",
        most: 500,
        written: "500",
        beyond: "further ones are not listed",
        places: (
            "list of things done well that is too long",
            "lists of things done well that are too long",
        ),
    },
    LimitDescription {
        limit: Limit::Following,
        what: "Places looked at in one file to follow what its names hold, by one analysis",
        most: 4_000_000,
        written: "4,000,000",
        beyond: "what the names of the rest of the file hold is not known",
        places: ("file with too much to follow", "files with too much to follow"),
    },
    LimitDescription {
        limit: Limit::ChainSteps,
        what: "Calls that build one query, in a chain or statement after statement",
        most: 200,
        written: "200",
        beyond: "the query is not seen",
        places: ("query of too many calls", "queries of too many calls"),
    },
    LimitDescription {
        limit: Limit::Parameters,
        what: "Parameters of a function",
        most: 1_000,
        written: "1,000",
        beyond: "what its calls pass is not followed",
        places: ("function with too many parameters", "functions with too many parameters"),
    },
    LimitDescription {
        limit: Limit::Ancestors,
        what: "Classes that the look-up of a member goes through",
        most: 40,
        written: "40",
        beyond: "members of those further up are not found",
        places: ("class with too many ancestors", "classes with too many ancestors"),
    },
    LimitDescription {
        limit: Limit::Additions,
        what: "Statements that add to one query, one list or one object",
        most: 500,
        written: "500",
        beyond: "more conditions may apply than are seen",
        places: ("query with too many additions", "queries with too many additions"),
    },
    LimitDescription {
        limit: Limit::SqlPieces,
        what: "Pieces that one SQL text in code is put together from; a constant text in a model or migration, 2,000",
        most: 400,
        written: "400",
        beyond: "the rest of the text is not read",
        places: ("SQL text of too many pieces", "SQL texts of too many pieces"),
    },
    LimitDescription {
        limit: Limit::SqlText,
        what: "Length of one SQL text in code",
        most: 131_072,
        written: "128 KiB",
        beyond: "the rest of the text is not read",
        places: ("SQL text too long", "SQL texts too long"),
    },
    LimitDescription {
        limit: Limit::Uses,
        what: "Uses of the rows of one query in a file",
        most: 2_000,
        written: "2,000",
        beyond: "the rows count as used in every way",
        places: ("query whose rows are used too often", "queries whose rows are used too often"),
    },
    LimitDescription {
        limit: Limit::Distance,
        what: "How far a value is followed",
        most: 12,
        written: "12 names, 40 expressions, 1,500 steps; the rows of a query 400 expressions",
        beyond: "it is not known what the value is",
        places: ("file with values too far away", "files with values too far away"),
    },
    LimitDescription {
        limit: Limit::Holders,
        what: "Statements and expressions around a place, or statements before it in its block",
        most: 400,
        written: "400",
        beyond: "conditions and loops further out are not seen",
        places: ("place that stands in too much code", "places that stand in too much code"),
    },
    LimitDescription {
        limit: Limit::LoopBody,
        what: "Statements of a loop's body; its expressions 20,000",
        most: 2_000,
        written: "2,000",
        beyond: "the rest of the body is not looked at",
        places: ("loop with too long a body", "loops with too long bodies"),
    },
    LimitDescription {
        limit: Limit::Parts,
        what: "Parts of an expression that is compared with another one, or that makes a query",
        most: 400,
        written: "400; 300 to find the text of a statement",
        beyond: "the expressions count as different, what the query asks for as unknown",
        places: ("expression of too many parts", "expressions of too many parts"),
    },
    LimitDescription {
        limit: Limit::Reads,
        what: "Reads of one function that are compared with each other",
        most: 200,
        written: "200; 60 whose rows are compared",
        beyond: "further reads of it are not compared",
        places: ("function with too many reads", "functions with too many reads"),
    },
    LimitDescription {
        limit: Limit::Stars,
        what: "Files that are searched for one name, behind `export *` and `import *`",
        most: 5_000,
        written: "5,000, 100 in a line",
        beyond: "the name is not found",
        places: (
            "file behind which too many files re-export",
            "files behind which too many files re-export",
        ),
    },
    LimitDescription {
        limit: Limit::Assignments,
        what: "Assignments of a function that is passed constants",
        most: 400,
        written: "400",
        beyond: "all its branches count as open",
        places: ("function with too many assignments", "functions with too many assignments"),
    },
    LimitDescription {
        limit: Limit::Around,
        what: "Functions looked at around one call, by one rule",
        most: 400,
        written: "400; 60 to see what its arguments close, 20 callers that pass a limit",
        beyond: "further ones are not looked at; what they do counts as possible, and no finding is made of it",
        places: (
            "call with too many functions around it",
            "calls with too many functions around them",
        ),
    },
    LimitDescription {
        limit: Limit::Relations,
        what: "Relations that one serializer reads of each row; a template 100, a function 24",
        most: 60,
        written: "60",
        beyond: "further ones are not told",
        places: ("place that reads too many relations", "places that read too many relations"),
    },
    LimitDescription {
        limit: Limit::Helpers,
        what: "Helpers of a migration in each other",
        most: 5,
        written: "5",
        beyond: "what deeper ones change is left out",
        places: (
            "migration with too many helpers in each other",
            "migrations with too many helpers in each other",
        ),
    },
    LimitDescription {
        limit: Limit::MigrationSteps,
        what: "Statements of a migration, each as often as a loop or a helper runs it",
        most: 100_000,
        written: "100,000",
        beyond: "what comes after is left out",
        places: ("migration that runs too long", "migrations that run too long"),
    },
    LimitDescription {
        limit: Limit::Routes,
        what: "Routes that fit one request of a client equally well; of those that end alike, 64 are compared",
        most: 4,
        written: "4",
        beyond: "the request counts as one for none of them",
        places: ("request that fits too many routes", "requests that fit too many routes"),
    },
    LimitDescription {
        limit: Limit::Askers,
        what: "Functions that are followed from the requests to one route; of those that call one of them, or ask the route, 20",
        most: 64,
        written: "64",
        beyond: "further ones are not told as asking the route",
        places: ("route that too many functions ask", "routes that too many functions ask"),
    },
    LimitDescription {
        limit: Limit::Addresses,
        what: "Pieces that the addresses of a file's requests are put together from, beside one for each expression",
        most: 10_000,
        written: "10,000",
        beyond: "further addresses count as not written",
        places: (
            "file whose addresses have too many pieces",
            "files whose addresses have too many pieces",
        ),
    },
    LimitDescription {
        limit: Limit::Origins,
        what: "Names that are followed from what a client is made with",
        most: 400,
        written: "400",
        beyond: "the client counts as one that not everybody shares",
        places: ("client made of too many names", "clients made of too many names"),
    },
    LimitDescription {
        limit: Limit::MigrationNames,
        what: "Names that a migration has values for at one time",
        most: 500,
        written: "500",
        beyond: "further ones count as unknown",
        places: ("migration with too many names", "migrations with too many names"),
    },
    LimitDescription {
        limit: Limit::OwnFindings,
        what: "Findings of one rule of your own",
        most: 1_000,
        written: "1,000",
        beyond: "further places of the rule are left out",
        places: ("rule with too many findings", "rules with too many findings"),
    },
];

impl Limit {
    /// Its row in the table of all bounds.
    pub fn about(self) -> &'static LimitDescription {
        // A test holds that each has a row.
        LIMITS.iter().find(|about| about.limit == self).unwrap_or(&LIMITS[0])
    }

    /// How much at most, in the unit of its row.
    pub fn most(self) -> u64 {
        self.about().most
    }

    /// As [`Limit::most`], to compare with the length of a list.
    pub fn count(self) -> usize {
        usize::try_from(self.most()).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bound_has_a_row_of_its_own() {
        for (index, about) in LIMITS.iter().enumerate() {
            assert_eq!(index, LIMITS.iter().position(|other| other.limit == about.limit).expect("itself"));
            assert_eq!(about.limit.about().what, about.what);
        }
        // The last of the enumeration: one without a row would be given the first one's.
        assert_eq!(LIMITS.len(), Limit::OwnFindings as usize + 1);
    }
}
