//! Lists of operators: read, selected from, and edited in place.

use super::*;

const LIST: &str = r#"{
  "mainnet": {
    "aggregators": {
      "https://a.example.org": {
        "operator": "Alpha",
        "functional": false,
        "note": "kept é"
      },
      "https://b.example.org/": { "operator": "Beta", "cache": false },
      "https://c.example.org": {}
    }
  },
  "testnet": {
    "aggregators": {},
    "publishers": { "https://p.example.org": { "operator": "Pub" } }
  }
}
"#;

fn list() -> OperatorList {
    OperatorList::parse("operators.json", LIST.to_owned(), Network::Mainnet).unwrap()
}

fn names(operators: &[Operator]) -> Vec<&str> {
    operators.iter().map(|one| one.name.as_str()).collect()
}

#[test]
fn the_operators_of_a_network_are_read_in_their_order() {
    assert_eq!(names(&list().operators()), ["Alpha", "Beta", "c.example.org"]);
    let testnet = OperatorList::parse("x", LIST.to_owned(), Network::Testnet).unwrap();
    assert!(testnet.operators().is_empty());
}

#[test]
fn bad_lists_are_errors_that_name_what_is_wrong() {
    for (text, expected) in [
        ("", "is no list of operators"),
        ("[]", "is no list of operators"),
        (r#"{"devnet": {}}"#, "has no network `mainnet`; it has: devnet"),
        (r#"{"mainnet": {}}"#, "names no aggregators of mainnet"),
        (r#"{"mainnet": {"aggregators": []}}"#, "expected an object of operators by URL"),
        (r#"{"mainnet": {"aggregators": {"x": {}}}}"#, "mainnet, x: is not a whole address"),
        (r#"{"mainnet": {"aggregators": {"http://x": 5}}}"#, "mainnet, http://x: invalid type"),
        (r#"{"mainnet": {"aggregators": {"http://x": {"operator": 5}}}}"#, "http://x: invalid type"),
        (
            r#"{"mainnet": {"aggregators": {"http://x": {}, "http://x/": {}}}}"#,
            "http://x/: stands there twice",
        ),
    ] {
        let error = OperatorList::parse("o.json", text.to_owned(), Network::Mainnet).unwrap_err().to_string();
        assert!(error.starts_with("o.json: ") && error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn operators_are_selected_by_name_or_address() {
    let select = |only: &[&str], skip: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Selection { only: &owned(only), skip: &owned(skip) }.of(list().operators())
    };
    assert_eq!(
        names(&select(&["alpha", "https://c.example.org/"], &[]).unwrap()),
        ["Alpha", "c.example.org"]
    );
    assert_eq!(names(&select(&[], &["BETA"]).unwrap()), ["Alpha", "c.example.org"]);
    let error = select(&["Gamma"], &[]).unwrap_err().to_string();
    assert!(error.contains("`Gamma` is no operator; there are: Alpha, Beta"), "{error}");
}

#[test]
fn members_are_changed_in_place_and_everything_else_stays() {
    let object = |text: &'static str| Object { text };
    for (text, key, value, expected) in [
        ("{}", "cache", "true", r#"{ "cache": true }"#),
        (r#"{ "a": 1 }"#, "cache", "true", r#"{ "a": 1, "cache": true }"#),
        ("{\n  \"a\": 1,\n  \"b\": [2]\n}", "c", "3", "{\n  \"a\": 1,\n  \"b\": [2],\n  \"c\": 3\n}"),
        (r#"{"a":1}"#, "b", "2", r#"{"a":1,"b":2}"#),
        (r#"{"a": "x", "b": 2}"#, "a", "3", r#"{"a": 3, "b": 2}"#),
        (r#"{"a": {"b": 1}, "b": 2}"#, "b", "3", r#"{"a": {"b": 1}, "b": 3}"#),
    ] {
        assert_eq!(object(text).set(key, value), expected);
    }
    for (text, expected) in [
        (r#"{"x": 1}"#, "{}"),
        (r#"{"x": 1, "a": 2}"#, r#"{"a": 2}"#),
        (r#"{"a": 2, "x": 1}"#, r#"{"a": 2}"#),
        ("{\n  \"a\": 1,\n  \"x\": false,\n  \"b\": 2\n}", "{\n  \"a\": 1,\n  \"b\": 2\n}"),
        (r#"{"a": 2}"#, r#"{"a": 2}"#),
    ] {
        assert_eq!(object(text).without("x"), expected);
    }
}

#[test]
fn damaged_lists_are_refused_or_read_and_never_end_the_program() {
    let text = r#"{ "testnet": { "aggregators": { "https://a.example": { "operator": "a", "cache": true, "n": 1e3 },
                    "https://b.example": { "operator": "é", "functional": false } }, "x": [null, "\u0041"] } }"#;
    crate::fixtures::damaged(text, |text| match OperatorList::parse("list.json", text, Network::Testnet) {
        Ok(list) => drop(list.operators()),
        Err(error) => assert!(error.to_string().contains("list.json"), "{error}"),
    });
}
