//! JSON that a caller sends, checked without being built, and the members of an answer.

use crate::text::printable;
use serde_json::Value;

/// How many names an error lists, and how much of each.
const MAX_NAMES: usize = 8;
const MAX_NAME: usize = 40;
const MAX_POINTER: usize = 120;

/// Whether `text` is one JSON value; if not, why, with line and column.
pub fn well_formed(text: &str) -> Result<(), String> {
    if text.trim_ascii().is_empty() {
        return Err("the JSON is empty, at line 1 column 1".to_owned());
    }
    // The position comes with serde_json's own message, which never repeats the text.
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map(drop)
        .map_err(|error| format!("the JSON is malformed: {error}"))
}

/// The value at a JSON pointer (RFC 6901); if there is none, where the way ended and what there was instead.
pub fn pointer<'a>(root: &'a Value, pointer: &str) -> Result<&'a Value, String> {
    let mut value = root;
    let Some(tokens) = split(pointer)? else { return Ok(root) };
    let mut done = 0;
    for raw in tokens.split('/') {
        let place = if done == 0 { "the root".to_owned() } else { shown(&pointer[..done], MAX_POINTER) };
        value = step(value, &raw.replace("~1", "/").replace("~0", "~"), &place)?;
        done += 1 + raw.len();
    }
    Ok(value)
}

/// What follows the first slash, or None for the pointer to the whole document.
fn split(pointer: &str) -> Result<Option<&str>, String> {
    if pointer.is_empty() {
        return Ok(None);
    }
    let quoted = || shown(pointer, MAX_POINTER);
    let Some(tokens) = pointer.strip_prefix('/') else {
        return Err(format!("the JSON pointer \"{}\" does not begin with /", quoted()));
    };
    let tilde_is_bad = |after: &str| !after.starts_with(['0', '1']);
    if tokens.split('~').skip(1).any(tilde_is_bad) {
        return Err(format!("the JSON pointer \"{}\" has a ~ that is neither ~0 (for ~) nor ~1 (for /)", quoted()));
    }
    Ok(Some(tokens))
}

fn step<'a>(value: &'a Value, token: &str, place: &str) -> Result<&'a Value, String> {
    let kind = match value {
        Value::Object(members) => {
            return members
                .get(token)
                .ok_or_else(|| format!("no member \"{}\" at {place} ({})", shown(token, MAX_NAME), names(members)));
        }
        Value::Array(elements) => return element(elements, token, place),
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
    };
    Err(format!("no member \"{}\" at {place}, which is {kind}", shown(token, MAX_NAME)))
}

fn element<'a>(elements: &'a [Value], token: &str, place: &str) -> Result<&'a Value, String> {
    let digits = !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit());
    // RFC 6901 section 4: no leading zeros; `-` is the element after the last, which does not exist.
    if !(digits || token == "-") || (token.len() > 1 && token.starts_with('0')) {
        return Err(format!("\"{}\" is not an index of the array at {place}", shown(token, MAX_NAME)));
    }
    token.parse().ok().and_then(|at: usize| elements.get(at)).ok_or_else(|| {
        let noun = if elements.len() == 1 { "element" } else { "elements" };
        format!("no element {} at {place} (it has {} {noun})", shown(token, MAX_NAME), elements.len())
    })
}

fn names(members: &serde_json::Map<String, Value>) -> String {
    if members.is_empty() {
        return "it has none".to_owned();
    }
    let mut list: Vec<String> = members.keys().take(MAX_NAMES).map(|name| shown(name, MAX_NAME)).collect();
    if members.len() > MAX_NAMES {
        list.push(format!("{} more", members.len() - MAX_NAMES));
    }
    format!("it has: {}", list.join(", "))
}

fn shown(text: &str, max_chars: usize) -> String {
    printable(text.as_bytes(), max_chars)
}
