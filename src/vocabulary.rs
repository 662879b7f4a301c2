//! What names suggest: lists of words about what a path, table, column, call or variable is called.
//!
//! The lists are data, in `rules/words/`: each says there which question it answers and how its words are looked for. Names are cut
//! into words in one place, [`Name`]. Names that a library gives to its functions are no guesses and stand with the libraries.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rustc_hash::FxHashSet;

/// The files of lists, by name.
const FILES: [(&str, &str); 6] = [
    ("calls", include_str!("../rules/words/calls.toml")),
    ("columns", include_str!("../rules/words/columns.toml")),
    ("handles", include_str!("../rules/words/handles.toml")),
    ("paths", include_str!("../rules/words/paths.toml")),
    ("sql", include_str!("../rules/words/sql.toml")),
    ("tables", include_str!("../rules/words/tables.toml")),
];

/// Names lists and says where each stands.
macro_rules! lists {
    ($(#[$about:meta])* $kind:ident: $($name:ident = $file:literal $key:literal,)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $kind {
            $(
                #[doc = concat!("`[", $key, "]` of `rules/words/", $file, ".toml`.")]
                $name,
            )*
        }

        impl $kind {
            /// All of them, in the order of their declaration.
            #[cfg(test)]
            const ALL: &[$kind] = &[$($kind::$name,)*];

            /// The file without its ending, and the table in it.
            fn place(self) -> (&'static str, &'static str) {
                match self {
                    $($kind::$name => ($file, $key),)*
                }
            }
        }
    };
}

lists! {
    /// A list that is the same for everybody.
    List:
    Acting = "calls" "acting",
    Admitting = "calls" "admitting",
    Answering = "handles" "answering",
    Applications = "handles" "applications",
    Archives = "paths" "archives",
    TransactionCalls = "calls" "transaction-calls",
    Asking = "calls" "asking",
    BesideServer = "paths" "beside",
    Bots = "handles" "bots",
    BrowserExtensions = "paths" "browser-extensions",
    BrowserPaths = "paths" "browser-paths",
    BrowserFolders = "paths" "browser-folders",
    CacheDecorators = "calls" "cache-decorators",
    CacheReads = "calls" "cache-reads",
    CacheServers = "handles" "cache-servers",
    Caches = "handles" "caches",
    Changing = "calls" "changing",
    Checks = "calls" "checks",
    ChunkGetting = "calls" "chunk-getting",
    Chunking = "calls" "chunking",
    Arriving = "handles" "arriving",
    Clocks = "calls" "clocks",
    ClosedKeys = "columns" "closed-keys",
    CommandFolders = "paths" "command-folders",
    ConcurrentWork = "handles" "concurrent-work",
    Contributions = "tables" "contributions",
    Cursors = "handles" "cursors",
    DatabaseHandles = "handles" "databases",
    Delaying = "calls" "delaying",
    ExpiryWords = "calls" "expiry",
    Failures = "calls" "failures",
    Development = "paths" "development",
    UsualTests = "calls" "usual-tests",
    DevelopmentFlags = "handles" "development-flags",
    DevelopmentStages = "handles" "development-stages",
    DrivenBrowsers = "handles" "driven-browsers",
    EntryAges = "handles" "entry-ages",
    ExampleFolders = "paths" "example-folders",
    Expiries = "handles" "expiries",
    FewValuedColumns = "columns" "few-valued",
    FirstScripts = "paths" "first-scripts",
    FlagColumns = "columns" "flags",
    Handling = "calls" "handling",
    IdentifyingColumns = "columns" "identifying",
    Keeping = "calls" "keeping",
    KeptState = "handles" "kept-state",
    LastingHolders = "handles" "lasting-holders",
    Leaving = "calls" "leaving",
    Levels = "handles" "levels",
    Locking = "calls" "locking",
    Loggers = "handles" "loggers",
    ManyValueModules = "handles" "many-value-modules",
    MigrationFiles = "paths" "migration-files",
    OneValueEnds = "calls" "one-value-ends",
    OneValueFolds = "calls" "one-value-folds",
    OneValueLibraries = "handles" "one-value-libraries",
    OneValueLinks = "calls" "one-value-links",
    OneValueTypes = "handles" "one-value-types",
    OpenKeys = "columns" "open-keys",
    Pacing = "calls" "pacing",
    Owners = "tables" "owners",
    PendingTables = "tables" "pending",
    People = "tables" "people",
    Persons = "columns" "persons",
    PageNumbers = "handles" "page-numbers",
    PageSizes = "columns" "page-sizes",
    PrimaryKeys = "columns" "primary-keys",
    ProcessSettings = "handles" "process-settings",
    Paging = "calls" "paging",
    BulkForms = "paths" "bulk-forms",
    BulkPaths = "paths" "bulk",
    EndingCalls = "calls" "ending",
    ScriptRunners = "calls" "script-runners",
    LeftBehind = "paths" "left-behind",
    ServiceCalls = "calls" "service-calls",
    ServiceScripts = "calls" "service-scripts",
    PassingPaths = "paths" "passing",
    OtherClients = "handles" "other-clients",
    Pools = "handles" "pools",
    Portions = "handles" "portions",
    Positions = "handles" "positions",
    Queues = "handles" "queues",
    Reading = "calls" "reading",
    RecoveringPaths = "paths" "recovering",
    RedisHandles = "handles" "redis",
    Refusals = "calls" "refusals",
    ReservedWords = "sql" "reserved-words",
    Retries = "handles" "retries",
    ProductionStages = "handles" "production-stages",
    Routers = "handles" "routers",
    SettingsHolders = "handles" "settings-holders",
    StageNames = "handles" "stage-names",
    ProductionFlags = "handles" "production-flags",
    RowKeys = "columns" "row-keys",
    ScheduledFolders = "paths" "scheduled-folders",
    SeedFiles = "paths" "seed-files",
    DatabaseFolders = "paths" "database-folders",
    Sending = "calls" "sending",
    SentInBulk = "calls" "sent-in-bulk",
    SessionChanges = "calls" "session-changes",
    StartingTasks = "calls" "starting-tasks",
    SetUpPaths = "paths" "set-up",
    SharedGuards = "calls" "shared-guards",
    Sockets = "handles" "sockets",
    StaffGuards = "calls" "staff-guards",
    Streams = "tables" "streams",
    Tenants = "tables" "tenants",
    ServerFolders = "paths" "server-folders",
    Services = "handles" "services",
    SettingUp = "calls" "setting-up",
    ShortDatabaseHandles = "handles" "short-databases",
    ShortByteColumns = "columns" "short-bytes",
    SigningIn = "paths" "signing-in",
    ShortListColumns = "columns" "short-lists",
    SignalNames = "calls" "signal-names",
    Sleeps = "calls" "sleeps",
    StopFlags = "handles" "stop-flags",
    StoredChanges = "calls" "stored-changes",
    Taking = "calls" "taking",
    TaskDecorators = "calls" "task-decorators",
    TaskRegistering = "calls" "task-registering",
    TenantColumns = "columns" "tenants",
    TestPaths = "paths" "test-paths",
    TestFiles = "paths" "test-files",
    TransactionHandles = "handles" "transactions",
    TransactionParts = "handles" "transaction-parts",
    UndoFolders = "paths" "undo-folders",
    Undoing = "paths" "undoing",
    UnpublishedBundles = "paths" "unpublished-bundles",
    WorkingOff = "calls" "working-off",
    AsyncPackages = "handles" "async-packages",
    BackgroundTasks = "handles" "background-tasks",
    BatchForms = "handles" "batch-forms",
    BatchSizes = "handles" "batch-sizes",
    BuiltFolders = "paths" "built-folders",
    Components = "handles" "components",
    Compressing = "calls" "compressing",
    Errors = "handles" "errors",
    FieldSizes = "columns" "field-sizes",
    Gathering = "calls" "gathering",
    HttpClients = "handles" "http-clients",
    InstanceReads = "calls" "instance-reads",
    KeepAlive = "calls" "keep-alive",
    Limiting = "calls" "limiting",
    MainFiles = "paths" "main-files",
    Mapping = "calls" "mapping",
    Metering = "calls" "metering",
    Mutations = "calls" "mutations",
    OwnFetches = "calls" "own-fetches",
    PageParts = "columns" "page-parts",
    PoolSizes = "handles" "pool-sizes",
    PositionStarts = "handles" "position-starts",
    PrimaryKeyNames = "sql" "primary-key-names",
    Replicas = "handles" "replicas",
    RootTypes = "tables" "root-types",
    ServerFiles = "paths" "server-files",
    SettingReads = "calls" "setting-reads",
    SingleTypes = "tables" "single-types",
    Singulars = "columns" "singulars",
    SocketHandles = "handles" "socket-handles",
    SocketServers = "handles" "socket-servers",
    Stopgaps = "tables" "stopgaps",
    TaskOwners = "handles" "task-owners",
    TokenStrategies = "calls" "token-strategies",
    YesOrNoColumns = "columns" "yes-or-no",
}

lists! {
    /// A list that a configuration can add words to: see [`Vocabulary`].
    Open:
    FewTables = "tables" "few",
    LongTextColumns = "columns" "long-texts",
    ScriptFolders = "paths" "script-folders",
    StaffPlaces = "paths" "staff",
    TestFolders = "paths" "test-folders",
}

/// Keys of the table `[words]` of a configuration.
pub const KEYS: [(&str, Open); 5] = [
    ("few-tables", Open::FewTables),
    ("heavy-columns", Open::LongTextColumns),
    ("script-folders", Open::ScriptFolders),
    ("staff-paths", Open::StaffPlaces),
    ("test-folders", Open::TestFolders),
];

impl List {
    /// Whether a name is one of the list.
    pub fn has(self, name: &str) -> bool {
        built_in(self.place()).is_some_and(|words| words.have(name))
    }

    /// Whether a folder of a path, or a part of an address before the last `/`, is one of the list.
    pub fn has_folder(self, path: &str) -> bool {
        path.rsplit('/').skip(1).any(|folder| self.has(folder))
    }
}

/// The words of a run: the built-in ones, and those that the configuration adds to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    added: BTreeMap<Open, ListWords>,
}

impl Vocabulary {
    /// Adds words to a list, to be looked for as the list's own are, in the singular and the plural. Fails with the first that has
    /// no letter or digit.
    pub fn add(&mut self, list: Open, words: &[String]) -> Result<(), String> {
        let names: Vec<Name> = words.iter().map(|word| Name::of(word)).collect();
        if let Some(at) = names.iter().position(|name| name.text.is_empty()) {
            return Err(words[at].clone());
        }
        let texts: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
        let own = self.added.entry(list).or_default();
        let phrases = match list {
            Open::FewTables | Open::LongTextColumns => &mut own.last,
            Open::ScriptFolders | Open::TestFolders => &mut own.whole,
            Open::StaffPlaces => &mut own.any,
        };
        phrases.extend(&texts, true);
        Ok(())
    }

    /// Whether a name is one of the list.
    pub fn has(&self, list: Open, name: &str) -> bool {
        built_in(list.place()).is_some_and(|words| words.have(name)) || self.added.get(&list).is_some_and(|words| words.have(name))
    }
}

/// A name, cut into lower-case words: where it is not a letter or digit, where a small letter or digit is followed by a capital, and
/// before the last capital of several that a word follows. `maxRetries`, `max_retries` and `max-retries` have the same words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The words, with a space between them.
    text: String,
}

impl Name {
    /// Cuts a name.
    pub fn of(name: &str) -> Name {
        let mut text = String::with_capacity(name.len() + 8);
        let (mut is_open, mut after_small) = (false, false);
        let mut letters = name.chars();
        while let Some(letter) = letters.next() {
            if !letter.is_alphanumeric() {
                is_open = false;
                continue;
            }
            let is_capital = letter.is_uppercase();
            let starts = !is_open || is_capital && (after_small || starts_word(letters.as_str()));
            if starts && !text.is_empty() {
                text.push(' ');
            }
            text.extend(letter.to_lowercase());
            is_open = true;
            after_small = !is_capital;
        }
        Name { text }
    }

    /// The words, in their order.
    pub fn words(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.text.split(' ').filter(|word| !word.is_empty())
    }

    /// The first word; empty where there is none.
    pub fn first(&self) -> &str {
        self.words().next().unwrap_or_default()
    }

    /// The last word; empty where there is none.
    pub fn last(&self) -> &str {
        self.words().next_back().unwrap_or_default()
    }

    /// Whether it has more than one word.
    pub fn is_compound(&self) -> bool {
        self.words().nth(1).is_some()
    }
}

/// Whether a capital that follows a capital starts a word, by what comes after it: `B` of `HTMLBody`, but not `D` of `userIDs`.
fn starts_word(rest: &str) -> bool {
    let is_plural = rest.strip_prefix('s').is_some_and(|rest| !rest.starts_with(char::is_lowercase));
    rest.starts_with(char::is_lowercase) && !is_plural
}

/// The words of a list, by how they are looked for. Several words with a space between them stand for these words in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ListWords {
    /// All words of the name.
    whole: Phrases,
    /// Its first words.
    first: Phrases,
    /// Its last words.
    last: Phrases,
    /// Words anywhere in it.
    any: Phrases,
    /// Letters at its start, whatever the words are; compared without case, as the next two.
    start: Vec<String>,
    /// Letters at its end.
    end: Vec<String>,
    /// Letters anywhere in it.
    part: Vec<String>,
}

/// Words and rows of words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Phrases {
    single: FxHashSet<String>,
    rows: Vec<String>,
}

impl Phrases {
    fn is_empty(&self) -> bool {
        self.single.is_empty() && self.rows.is_empty()
    }

    /// Adds words; with their plurals, where the list is told so.
    fn extend(&mut self, words: &[&str], plurals: bool) {
        for &word in words {
            for form in std::iter::once(word.to_owned()).chain(plurals.then(|| plural(word))) {
                if form.contains(' ') {
                    self.rows.push(form);
                } else {
                    self.single.insert(form);
                }
            }
        }
    }
}

impl ListWords {
    fn have(&self, name: &str) -> bool {
        self.have_words(name) || self.have_letters(name)
    }

    fn have_words(&self, name: &str) -> bool {
        if [&self.whole, &self.first, &self.last, &self.any].into_iter().all(Phrases::is_empty) {
            return false;
        }
        let name = Name::of(name);
        let has = |phrases: &Phrases, word: &str| phrases.single.contains(word);
        let text = name.text.as_str();
        has(&self.whole, text)
            || self.whole.rows.iter().any(|row| row == text)
            || has(&self.first, name.first())
            || self.first.rows.iter().any(|row| starts_with_words(text, row))
            || has(&self.last, name.last())
            || self.last.rows.iter().any(|row| ends_with_words(text, row))
            || name.words().any(|word| has(&self.any, word))
            || self.any.rows.iter().any(|row| has_words(text, row))
    }

    fn have_letters(&self, name: &str) -> bool {
        if self.start.is_empty() && self.end.is_empty() && self.part.is_empty() {
            return false;
        }
        let lower = name.to_lowercase();
        self.start.iter().any(|start| lower.starts_with(start))
            || self.end.iter().any(|end| lower.ends_with(end))
            || self.part.iter().any(|part| lower.contains(part))
    }

    /// Reads the table of a list; what is no list of words counts for nothing, which a test rules out.
    fn of(table: &toml::Table) -> ListWords {
        let texts = |key: &str| -> Vec<&str> {
            let items = table.get(key).and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
            items.iter().filter_map(toml::Value::as_str).collect()
        };
        let letters = |key: &str| texts(key).into_iter().map(str::to_owned).collect();
        let plurals = table.get("plurals").and_then(toml::Value::as_bool).unwrap_or_default();
        let mut words = ListWords {
            start: letters("start"),
            end: letters("end"),
            part: letters("part"),
            ..ListWords::default()
        };
        for (key, phrases) in [
            ("whole", &mut words.whole),
            ("first", &mut words.first),
            ("last", &mut words.last),
            ("any", &mut words.any),
        ] {
            phrases.extend(&texts(key), plurals);
        }
        words
    }
}

/// Whether a text of words starts with a row of words.
fn starts_with_words(text: &str, row: &str) -> bool {
    text.strip_prefix(row).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Whether a text of words ends with a row of words.
fn ends_with_words(text: &str, row: &str) -> bool {
    text.strip_suffix(row).is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
}

/// Whether a text of words has a row of words.
fn has_words(text: &str, row: &str) -> bool {
    let starts = std::iter::once(0).chain(text.match_indices(' ').map(|(at, _)| at + 1));
    starts.filter_map(|at| text.get(at..)).any(|rest| starts_with_words(rest, row))
}

/// The regular plural of a word, or of the last one of a row.
fn plural(word: &str) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|end| word.ends_with(end));
    match word.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if ends(&["s", "x", "z", "ch", "sh"]) => format!("{word}es"),
        _ => format!("{word}s"),
    }
}

/// A list by its place, read once.
fn built_in((file, key): (&str, &str)) -> Option<&'static ListWords> {
    static ALL: OnceLock<BTreeMap<&str, BTreeMap<String, ListWords>>> = OnceLock::new();
    ALL.get_or_init(|| FILES.into_iter().map(|(name, text)| (name, lists_of(text))).collect())
        .get(file)?
        .get(key)
}

/// The lists of a file.
fn lists_of(text: &str) -> BTreeMap<String, ListWords> {
    let file: toml::Table = text.parse().unwrap_or_default();
    let tables = file
        .into_iter()
        .filter_map(|(key, table)| Some((key, ListWords::of(table.as_table()?))));
    tables.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys of a list that hold words, and those that hold letters.
    const WORDS: [&str; 4] = ["whole", "first", "last", "any"];
    const LETTERS: [&str; 3] = ["start", "end", "part"];

    fn tables(text: &str) -> toml::Table {
        text.parse().expect("valid TOML")
    }

    #[test]
    fn names_are_cut_at_humps_and_at_what_is_no_letter() {
        let words = |name: &str| Name::of(name).words().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words("isPublic_at2HTML"), ["is", "public", "at2", "html"]);
        assert_eq!(words("_userIdCache"), ["user", "id", "cache"]);
        assert_eq!(words("max-retries"), words("maxRetries"));
        assert_eq!(words("src/badminton.ts"), ["src", "badminton", "ts"]);
        assert_eq!(words("parseHTMLBody"), ["parse", "html", "body"]);
        assert_eq!(words("HTTPClient"), ["http", "client"]);
        assert_eq!(words("userIDs"), ["user", "ids"]);
        assert_eq!(words("URLsOfAPIs"), ["urls", "of", "apis"]);
        assert_eq!(words("getS3Client"), ["get", "s3", "client"]);
        assert_eq!(words("__"), Vec::<String>::new());
        assert_eq!((Name::of("__").first(), Name::of("").last()), ("", ""));
    }

    #[test]
    fn words_are_looked_for_where_the_list_says() {
        let words = |text: &str| ListWords::of(&tables(text));
        let whole = words("whole = ['feature flag']\nplurals = true");
        assert!(whole.have("featureFlag") && whole.have("feature_flags") && !whole.have("features_flag") && !whole.have("feature_flag_id"));
        let last = words("last = ['category', 'feature flag']\nplurals = true");
        assert!(last.have("shop_categories") && last.have("TeamFeatureFlag") && !last.have("category_id") && !last.have("prefeature_flag"));
        let first = words("first = ['find by']");
        assert!(first.have("findByName") && !first.have("findBye"));
        let any = words("any = ['admin', 'back office']");
        assert!(any.have("src/admin/views.ts") && !any.have("src/badminton.ts") && any.have("app/back_office.py") && !any.have("back"));
        let part = words("part = ['ttl']\nstart = ['seed']\nend = ['tx']");
        assert!(part.have("maxTTLs") && part.have("Seeding") && part.have("inTx") && !part.have("unseed"));
    }

    #[test]
    fn words_of_a_configuration_are_looked_for_as_the_lists_own_are() {
        let mut words = Vocabulary::default();
        for (key, list) in KEYS {
            assert_eq!(words.add(list, &["BackOffice".to_owned()]), Ok(()), "{key}");
        }
        assert!(words.has(Open::StaffPlaces, "src/back-office/views.ts") && words.has(Open::StaffPlaces, "src/admin/views.ts"));
        assert!(words.has(Open::ScriptFolders, "back_office") && !words.has(Open::ScriptFolders, "my_back_office"));
        assert!(words.has(Open::FewTables, "shop_back_offices") && !words.has(Open::FewTables, "back_office_orders"));
        assert!(!Vocabulary::default().has(Open::StaffPlaces, "src/back-office/views.ts"));
        assert_eq!(
            words.add(Open::FewTables, &["region".to_owned(), "--".to_owned()]),
            Err("--".to_owned())
        );
        let lists: Vec<Open> = KEYS.map(|(_, list)| list).into_iter().collect();
        assert!(Open::ALL.iter().all(|list| lists.contains(list)));
    }

    #[test]
    fn plurals_are_regular() {
        let words = ["country", "key", "status", "branch", "role"];
        assert_eq!(words.map(plural), ["countries", "keys", "statuses", "branches", "roles"]);
    }

    #[test]
    fn every_list_that_is_asked_for_is_there_and_every_list_there_is_asked_for() {
        let asked: Vec<_> = (List::ALL.iter().map(|list| list.place()))
            .chain(Open::ALL.iter().map(|list| list.place()))
            .collect();
        for place in &asked {
            assert!(
                built_in(*place).is_some_and(|words| *words != ListWords::default()),
                "no list {place:?}"
            );
        }
        for (file, text) in FILES {
            for key in tables(text).keys() {
                assert_eq!(
                    asked.iter().filter(|place| **place == (file, key.as_str())).count(),
                    1,
                    "{file}.toml [{key}]"
                );
            }
        }
    }

    #[test]
    fn lists_are_sorted_lower_case_words_without_doubles() {
        for (file, text) in FILES {
            for (key, list) in &tables(text) {
                let list = list.as_table().expect("a table");
                let plurals = list.get("plurals").is_some_and(|value| value.as_bool() == Some(true));
                for (kind, words) in list.iter().filter(|(kind, _)| *kind != "plurals") {
                    let at = format!("{file}.toml [{key}] {kind}");
                    assert!(WORDS.contains(&kind.as_str()) || LETTERS.contains(&kind.as_str()), "{at}: unknown");
                    let words: Vec<&str> = words.as_array().expect(&at).iter().map(|word| word.as_str().expect(&at)).collect();
                    for pair in words.windows(2) {
                        assert!(pair[0] < pair[1], "{at}: `{}` is not before `{}`", pair[0], pair[1]);
                    }
                    for word in &words {
                        assert_eq!(*word, word.to_lowercase(), "{at}");
                        assert!(
                            !plurals || !words.contains(&plural(word).as_str()),
                            "{at}: the plural of `{word}` is known"
                        );
                        assert!(
                            !WORDS.contains(&kind.as_str()) || Name::of(word).text == *word,
                            "{at}: `{word}` never fits a name"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_list_says_what_it_is_for() {
        for (file, text) in FILES {
            let lines: Vec<&str> = text.lines().collect();
            for pair in lines.windows(2).filter(|pair| pair[1].starts_with('[')) {
                assert!(pair[0].starts_with("# "), "{file}.toml {}: no comment above it", pair[1]);
            }
        }
    }
}
