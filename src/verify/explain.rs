//! Plans of `PostgreSQL`, in short.

use serde_json::Value;

use super::engine::QueryPlan;

/// Steps that are named; the others are counted.
const SHOWN: usize = 6;
/// Plans within plans that are followed.
const MAX_DEPTH: usize = 60;

/// Reads what EXPLAIN (FORMAT JSON) says.
pub fn read(text: &str) -> Option<QueryPlan> {
    let all: Value = serde_json::from_str(text).ok()?;
    let top = all.get(0)?.get("Plan")?;
    let mut steps = Vec::new();
    walk(top, 0, &mut steps);
    let more = steps.len().saturating_sub(SHOWN);
    steps.truncate(SHOWN);
    let mut text = steps.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    Some(QueryPlan {
        cost: top.get("Total Cost")?.as_f64()?,
        steps: text,
    })
}

fn walk(plan: &Value, depth: usize, out: &mut Vec<String>) {
    let text = |key: &str| plan.get(key).and_then(Value::as_str);
    let mut step = text("Node Type").unwrap_or("?").to_owned();
    match (text("Index Name"), text("Relation Name")) {
        (Some(index), Some(table)) => step.push_str(&format!(" on {table} by {index}")),
        (Some(index), None) => step.push_str(&format!(" by {index}")),
        (None, Some(table)) => step.push_str(&format!(" on {table}")),
        (None, None) => {}
    }
    out.push(step);
    if depth < MAX_DEPTH {
        let inner = plan.get("Plans").and_then(Value::as_array);
        inner.into_iter().flatten().for_each(|plan| walk(plan, depth + 1, out));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_its_cost_and_its_steps() {
        let text = r#"[{"Plan": {"Node Type": "Limit", "Total Cost": 12.5, "Plans": [
            {"Node Type": "Index Scan", "Relation Name": "orders", "Index Name": "ix", "Total Cost": 100}]}}]"#;
        let plan = read(text).expect("a plan");
        assert_eq!((plan.cost, plan.steps.as_str()), (12.5, "Limit, Index Scan on orders by ix"));
        assert_eq!(read("[]"), None);
    }
}
