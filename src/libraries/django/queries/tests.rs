use rustc_hash::FxHashSet;

use crate::libraries::registry::is_lazy_iterable;
use crate::libraries::shared::effects::LibraryData;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::eval::{Code, Evaluator};
use crate::source::Span;
use crate::statement::{FilterKind, Operation, Projection, RowLimit};
use crate::syntax::facts::extract;
use crate::walk::FileKind;

const MODELS: &str = "
from django.db import models
class Author(models.Model):
    name = models.CharField(max_length=10)
class Tag(models.Model):
    name = models.CharField(max_length=10)
class Book(models.Model):
    title = models.CharField(max_length=10)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    tags = models.ManyToManyField(Tag)
";

fn with<T>(body: &str, needle: &str, ask: impl Fn(&Evaluator<'_>, FileId, crate::ir::ExprId) -> T) -> T {
    let text = format!(
        "from django.db.models import F, Q, Prefetch\nfrom django.shortcuts import get_object_or_404\nfrom models import Author, Book, Tag\n{body}"
    );
    let files = vec![
        extract("app.py", FileKind::Python, &text),
        extract("models.py", FileKind::Python, MODELS),
    ];
    let code = Code::new(files, LibraryData::built_in(), FxHashSet::default());
    let start = text.find(needle).expect("the text");
    let span = Span::new(start, start + needle.len());
    let file = FileId(0);
    let (expr, _) = code
        .module(file)
        .expr_ids()
        .find(|(_, expr)| expr.span == span)
        .expect("an expression");
    ask(&Evaluator::new(&code), file, expr)
}

fn query_in(body: &str, needle: &str) -> Option<Query> {
    with(body, needle, |eval, file, expr| Resolver::query(eval, file, expr))
}

fn query_of(code: &str) -> Query {
    query_in(&format!("x = {code}\n"), code).unwrap_or_else(|| panic!("no query in {code}"))
}

#[test]
fn querysets_are_lazy() {
    let query = query_of("Book.objects.filter(title='a', author__name__icontains='b').exclude(id__in=[1])");
    assert!(!query.executed && query.blocking && is_lazy_iterable(&query));
    assert_eq!(query.table(), Some("Book"));
    let filters: Vec<_> = query
        .statement
        .filters
        .iter()
        .map(|filter| (filter.column.column.as_str(), filter.kind))
        .collect();
    assert_eq!(
        filters,
        [
            ("title", FilterKind::Equality),
            ("author__name", FilterKind::Pattern),
            ("id", FilterKind::Negative)
        ]
    );
    assert!(matches!(query.model, Some(RowModel::Class(..))));
}

/// A condition that is put together before is that condition, unless more may be added to it; one that is given by others is not known.
#[test]
fn conditions_in_names() {
    let filters = |code: &str| {
        let query = query_in(code, &code[code.find("Book.").expect("a query")..]).expect("a query");
        let optional = query.statement.filters.iter().map(|filter| filter.optional).collect::<Vec<_>>();
        (optional, query.open_filters)
    };
    assert_eq!(
        filters("def f(a):\n    mine = Q(author=a) & Q(title='x')\n    return Book.objects.filter(mine, id=1)"),
        (vec![false, false, false], false)
    );
    assert_eq!(
        filters("def f(a):\n    mine = Q(author=a)\n    mine |= Q(title='x')\n    return Book.objects.filter(mine, id=1)").0,
        [true, false]
    );
    assert_eq!(
        filters("def f(given):\n    return Book.objects.filter(id=1, **given)"),
        (vec![false], true)
    );
}

/// No index finds the rows of which one column is as large as another.
#[test]
fn a_column_of_the_row_is_no_value() {
    for value in ["F('id')", "F('id') + 1", "models.F('id')"] {
        let query = query_of(&format!("Book.objects.filter(author__gte={value})"));
        assert_eq!(query.statement.filters[0].kind, FilterKind::Other, "{value}");
    }
    assert_eq!(
        query_of("Book.objects.filter(author__gte=1)").statement.filters[0].kind,
        FilterKind::Range
    );
}

#[test]
fn methods_that_run() {
    assert_eq!(query_of("Book.objects.get(pk=1)").outcome, Outcome::One);
    let count = query_of("Book.objects.filter(title='a').count()");
    assert!(count.executed);
    assert_eq!(
        (count.outcome, count.statement.projection),
        (Outcome::Scalar, Projection::Aggregate)
    );
    assert_eq!(query_of("Book.objects.create(title='a')").statement.operation, Operation::Insert);
    assert_eq!(
        query_of("Book.objects.filter(id=1).delete()").statement.operation,
        Operation::Delete
    );
    assert_eq!(query_of("Book.objects.all().iterator()").outcome, Outcome::Stream);
    assert!(!query_of("Book.objects.aget(pk=1)").blocking);
    assert_eq!(query_of("get_object_or_404(Book, title='x')").statement.filters.len(), 1);
}

#[test]
fn what_is_loaded_along() {
    let query = query_of(
        "Book.objects.select_related('author__publisher').prefetch_related('tags', Prefetch('reviews', queryset=Book.objects.select_related('author'), to_attr='good'))",
    );
    assert_eq!(
        query.eager,
        ["author", "author.publisher", "tags", "reviews", "good", "reviews.author"]
    );
    assert_eq!(query_of("Book.objects.select_related()").eager, ["*"]);
    let only = query_of("Book.objects.only('title').defer('body')");
    assert!(matches!(only.statement.projection, Projection::Columns(_)) && only.model.is_some());
    assert_eq!(only.deferred, ["body"]);
    assert!(query_of("Book.objects.values_list('id', flat=True)").model.is_none());
}

#[test]
fn conditions_with_q_and_f() {
    let query = query_of(
        "Book.objects.filter(Q(title='a') | Q(id=1), ~Q(author=2), pages__gt=F('limit'), created__date__gte=3, deleted_at__isnull=True)",
    );
    let filters: Vec<_> = query
        .statement
        .filters
        .iter()
        .map(|filter| (filter.kind, filter.optional))
        .collect();
    assert_eq!(
        filters,
        [
            (FilterKind::Equality, true),
            (FilterKind::Equality, true),
            (FilterKind::Negative, false),
            (FilterKind::Other, false),
            (FilterKind::Function, false),
            (FilterKind::Equality, false)
        ]
    );
}

#[test]
fn slices_and_conditions_of_the_code() {
    let body = "def f(n):\n    qs = Book.objects.all()\n    if n:\n        qs = qs.filter(title=n)\n    qs = qs.order_by('-title')[:10]\n    return list(qs)\n";
    let query = with(body, "list(qs)", |eval, file, expr| {
        let arg = eval.code.module(file).call(expr).expect("a call").args[0].value;
        Resolver::query(eval, file, arg)
    });
    let query = query.expect("a query");
    assert_eq!(query.statement.limit, RowLimit::Rows(10));
    assert!(query.statement.filters[0].optional);
    assert!(query.statement.order[0].1);
}

#[test]
fn rows_and_their_relations() {
    let body = "def f():\n    for book in Book.objects.all():\n        book.tags.all()\n        book.review_set.filter(x=1)\n        book.save()\n        book.author.delete()\n        use(book)\n";
    let tags = query_in(body, "book.tags.all()").expect("a query");
    assert_eq!(
        (tags.table(), tags.relation.clone().map(|relation| relation.1)),
        (Some("Tag"), Some("tags".to_owned()))
    );
    assert_eq!(
        query_in(body, "book.review_set.filter(x=1)").expect("a query").table(),
        Some("review")
    );
    assert_eq!(
        query_in(body, "book.save()").expect("a query").statement.operation,
        Operation::Update
    );
    let held = with(body, "use(book)", |eval, file, expr| {
        let arg = eval.code.module(file).call(expr).expect("a call").args[0].value;
        eval.value(file, arg)
    });
    assert!(matches!(held, Value::Row(RowModel::Class(..), Some(_))), "{held:?}");
}

#[test]
fn other_things_with_the_same_methods() {
    for code in [
        "{}.get('a')",
        "[].count(1)",
        "open('x').all()",
        "x.filter(1)",
        "cache.delete('a')",
        "thing.save()",
    ] {
        assert_eq!(query_in(&format!("y = {code}\n"), code), None, "{code}");
    }
}

#[test]
fn methods_of_the_projects_managers() {
    let body = "from django.db import models\nclass Shelf(models.QuerySet):\n    def public(self):\n        return self.filter(hidden=False)\n    def tally(self):\n        return self.count()\nclass Magazine(models.Model):\n    objects = Shelf()\nx = Magazine.objects.public().filter(title='a')\n";
    let query = query_in(body, "Magazine.objects.public().filter(title='a')").expect("a query");
    assert_eq!(query.table(), Some("Magazine"));
    assert_eq!(query.statement.filters.len(), 2);
    assert_eq!(query_in(body, "self.count()").expect("a query").outcome, Outcome::Scalar);
}

/// The queries of a file beside models whose relations the schema knows.
fn linked(body: &str) -> Vec<(Option<String>, Operation)> {
    let text = format!("from django.db import models\n{body}");
    let files = vec![
        extract("app.py", FileKind::Python, &text),
        extract("models.py", FileKind::Python, MODELS),
    ];
    let project = crate::project::Project::link(files);
    let sites = project.graph.sites.iter();
    sites
        .map(|site| {
            (
                project.table_of(&site.query).map(|table| table.name.clone()),
                site.query.statement.operation,
            )
        })
        .collect()
}

#[test]
fn relations_lead_to_their_tables_also_from_what_is_not_known() {
    let book = Some("app_book".to_owned());
    for body in [
        "from models import Author\ndef f(author: Author):\n    return author.book_set.filter(title='x').first()\n",
        "def f(info):\n    author = info.resolve()\n    return author.book_set.filter(title='x').exists()\n",
        "from models import Tag\ndef f(tag: Tag):\n    return tag.book_set.count()\n",
    ] {
        assert_eq!(linked(body), [(book.clone(), Operation::Select)], "{body}");
    }
    let through = "from models import Book\ndef f(book: Book):\n    return book.author.book_set.exists()\n";
    assert_eq!(linked(through), [(book, Operation::Select)]);
    // Lists have these methods, too.
    assert_eq!(
        linked("def f(x):\n    x.book_set.count(1)\n    x.tags.remove(2)\n    x.parts.first()\n"),
        []
    );
}

#[test]
fn an_instance_of_unknown_type_is_known_by_its_arguments_or_its_name() {
    let book = Some("app_book".to_owned());
    let update = |body: &str| linked(body).first().cloned();
    assert_eq!(
        update("def f(cls, info):\n    book = cls.find(info)\n    book.save(update_fields=['title'])\n"),
        Some((book.clone(), Operation::Update))
    );
    assert_eq!(
        update("def f(cls, info):\n    book = cls.find(info)\n    book.save()\n"),
        Some((book, Operation::Update))
    );
    assert_eq!(
        update("def f(thing):\n    thing.save(update_fields=['title'])\n"),
        Some((None, Operation::Update))
    );
    assert_eq!(
        update("def f(form, file):\n    form.save()\n    file.save()\n    file.delete()\n"),
        None
    );
}

#[test]
fn a_parameter_that_is_called_a_queryset_is_one() {
    assert_eq!(linked("def f(qs):\n    return qs.count()\n"), [(None, Operation::Select)]);
    assert_eq!(linked("def f(text, items):\n    return text.count('a'), items.filter(x=1)\n"), []);
}
