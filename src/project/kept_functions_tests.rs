use super::*;

fn schema(n: u32) -> Schema {
    (FileId(0), ExprId(n))
}

fn kept(schema: Schema, name: &str, function: u32) -> Kept {
    Kept {
        schema,
        name: name.to_owned(),
        function: (FileId(0), FunctionId(function)),
        is_row: false,
    }
}

fn joined(functions: Vec<Kept>, models: &[(Schema, &str)]) -> KeptFunctions {
    let models = models.iter().map(|(schema, name)| (*schema, (*name).to_owned())).collect();
    KeptFunctions::of(&[(FileId(0), Schemas { functions, models })])
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
