//! Where two JSON documents differ.

use serde_json::Value;

/// The pointer (RFC 6901) to the first difference, members in the order of `wanted`.
pub fn first_difference(wanted: &Value, found: &Value) -> Option<String> {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            let differing = |(name, value): (&String, _)| difference_at(name, Some(value), found.get(name));
            let unwanted = found.keys().find(|name| !wanted.contains_key(*name));
            wanted.iter().find_map(differing).or_else(|| difference_at(unwanted?, None, found.get(unwanted?)))
        }
        (Value::Array(wanted), Value::Array(found)) => {
            let longest = wanted.len().max(found.len());
            (0..longest).find_map(|at| difference_at(&at.to_string(), wanted.get(at), found.get(at)))
        }
        _ => (wanted != found).then(String::new),
    }
}

fn difference_at(name: &str, wanted: Option<&Value>, found: Option<&Value>) -> Option<String> {
    let name = name.replace('~', "~0").replace('/', "~1");
    match (wanted, found) {
        (Some(wanted), Some(found)) => first_difference(wanted, found).map(|below| format!("/{name}{below}")),
        _ => Some(format!("/{name}")),
    }
}
