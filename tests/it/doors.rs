//! Nine routes that do nothing: beside them a test's program is one of many entry points, whose priorities are those of a large one.

/// A file of them.
pub fn file() -> (String, String) {
    let routes = (1..10).map(|number| format!("@app.get('/door{number}')\ndef door{number}():\n    return {number}\n"));
    let text: Vec<String> = routes.collect();
    let head = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n";
    ("doors/doors.py".to_owned(), format!("{head}{}", text.join("\n\n")))
}
