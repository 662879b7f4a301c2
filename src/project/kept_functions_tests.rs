use super::*;

fn schema(n: u32) -> Schema {
    (FileId(0), ExprId(n))
}

fn kept(schema: Schema, name: &str, function: u32) -> SchemaFunction {
    SchemaFunction {
        schema,
        name: name.to_owned(),
        function: (FileId(0), FunctionId(function)),
        is_row: false,
    }
}

fn joined(functions: Vec<SchemaFunction>, models: &[(Schema, &str)]) -> KeptFunctions {
    let models = models.iter().map(|(schema, name)| (*schema, (*name).to_owned())).collect();
    KeptFunctions::of(&[(
        FileId(0),
        Schemas {
            functions,
            models,
            ..Schemas::default()
        },
    )])
}

#[test]
fn many_functions_of_many_models_take_no_room_for_each_pair() {
    let size = |count: u32| {
        let functions = (0..count).map(|n| kept(schema(1), &format!("find{n}"), n)).collect();
        let names: Vec<String> = (0..count).map(|n| format!("Boat{n}")).collect();
        let models: Vec<_> = names.iter().map(|name| (schema(1), name.as_str())).collect();
        let kept = joined(functions, &models);
        let last = FunctionId(count - 1);
        assert_eq!(
            kept.function("Boat0", &format!("find{last}", last = last.0), false),
            Some((FileId(0), last))
        );
        format!("{kept:?}").len()
    };
    assert!(size(80) < 5 * size(20), "{} after {}", size(80), size(20));
}

#[test]
fn a_function_of_two_models_has_neither_for_its_own() {
    let kept = joined(
        vec![kept(schema(1), "open", 1), kept(schema(2), "close", 2)],
        &[(schema(1), "Boat"), (schema(1), "OldBoat"), (schema(2), "Pier")],
    );
    let keeper = |function: u32| kept.keeper((FileId(0), FunctionId(function)));
    assert_eq!(keeper(1), None);
    assert_eq!(keeper(2).map(|keeper| keeper.model), Some("Pier".to_owned()));
    assert!(kept.function("OldBoat", "open", false).is_some());
}

#[test]
fn a_model_of_some_rows_has_the_functions_of_the_whole() {
    let schemas = Schemas {
        functions: vec![kept(schema(1), "open", 1), kept(schema(1), "close", 2), kept(schema(2), "close", 3)],
        models: vec![(schema(1), "Boat".to_owned()), (schema(2), "Tug".to_owned())],
        parts: vec![("Tug".to_owned(), schema(1))],
    };
    let kept = KeptFunctions::of(&[(FileId(0), schemas)]);
    assert_eq!(kept.function("Tug", "open", false), Some((FileId(0), FunctionId(1))));
    assert_eq!(kept.function("Tug", "close", false), Some((FileId(0), FunctionId(3))));
    assert_eq!(
        kept.keeper((FileId(0), FunctionId(1))).map(|keeper| keeper.model),
        Some("Boat".to_owned())
    );
}
