//! Where APIs put their error messages. A member of another type than expected counts as absent.

use super::said;
use serde_json::Value;

pub(super) fn detail(root: &Value, is_problem: bool) -> Option<String> {
    problem(root, is_problem)
        .or_else(|| text(root.get("error")?, "message"))
        .or_else(|| oauth(root))
        .or_else(|| text(root, "detail"))
        .or_else(|| validation(root.get("detail")?))
        .or_else(|| text(root, "message"))
        .or_else(|| first_of(root.get("errors")?))
        .or_else(|| text(root, "Message"))
        .or_else(|| text(root, "__type"))
}

fn text(value: &Value, name: &str) -> Option<String> {
    said(value.get(name)?.as_str()?)
}

/// RFC 9457.
fn problem(root: &Value, is_problem: bool) -> Option<String> {
    if !is_problem {
        return None;
    }
    text(root, "detail").or_else(|| text(root, "title"))
}

/// RFC 6749 section 5.2: a code, and mostly a sentence with it.
fn oauth(root: &Value) -> Option<String> {
    let code = text(root, "error")?;
    match text(root, "error_description") {
        Some(description) => said(&format!("{code}: {description}")),
        None => Some(code),
    }
}

/// FastAPI: `[{"loc": ["body", "name"], "msg": "field required"}, …]`.
fn validation(detail: &Value) -> Option<String> {
    let mut line = String::new();
    for error in detail.as_array()? {
        let Some(message) = text(error, "msg") else { continue };
        if !line.is_empty() {
            line.push_str("; ");
        }
        let place = error.get("loc").map(place).unwrap_or_default();
        if !place.is_empty() {
            line.push_str(&place);
            line.push_str(": ");
        }
        line.push_str(&message);
        if line.len() > 4 * super::MAX_DETAIL {
            break;
        }
    }
    said(&line)
}

fn place(loc: &Value) -> String {
    let part = |value: &Value| match value {
        Value::String(name) => Some(name.clone()),
        Value::Number(index) => Some(index.to_string()),
        _ => None,
    };
    let parts: Vec<String> = loc.as_array().into_iter().flatten().filter_map(part).collect();
    parts.join(".")
}

/// GraphQL and JSON:API.
fn first_of(errors: &Value) -> Option<String> {
    let first = errors.get(0)?;
    text(first, "message").or_else(|| text(first, "detail")).or_else(|| text(first, "title"))
}
