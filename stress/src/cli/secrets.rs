//! Secrets of a plan file: it names the environment variable or the file that holds them, and never holds them itself.

use std::env;

use toml::Value;
use url::Url;

use super::{
    layer::{self, Layer},
    limited::{self, MAX_SECRET},
    options::RunOptions,
};
use crate::{
    error::Error,
    plan::{
        Plan,
        target::{Header, Target},
        tokens::SigningKey,
    },
};

/// Options whose values are secrets, in whole or in part.
const SECRETS: [&str; 6] =
    ["aggregator-header", "bearer", "header", "jwt-key", "jwt-secret", "publisher-header"];

/// Secrets that are a value as a whole.
const WHOLE: [&str; 3] = ["bearer", "jwt-key", "jwt-secret"];

/// What signs tokens.
const MINTING: [&str; 2] = ["jwt-key", "jwt-secret"];

/// The addresses, which may hold a password.
const ADDRESSES: [&str; 2] = ["aggregator", "publisher"];

/// Whether the value of this option is a secret, in whole or in part.
pub(super) fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key) || is_address(key)
}

/// Whether the option's values are addresses.
pub(super) fn is_address(key: &str) -> bool {
    ADDRESSES.contains(&key)
}

/// The texts of a value.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let several = value.as_array().into_iter().flatten();
    several.chain([value]).filter_map(Value::as_str)
}

/// Whether a value refers to a secret that must be read before the value can be checked.
pub(super) fn is_reference(key: &str, value: &Value) -> bool {
    is_secret(key) && texts(value).any(|text| reference(key, text).is_some())
}

/// Refuses a secret that stands in the file itself.
pub(super) fn check(key: &str, value: &Value) -> Result<(), String> {
    if !is_secret(key) {
        return Ok(());
    }
    let parts = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    if !parts.iter().all(Value::is_str) {
        return Err("must be a text".to_owned());
    }
    texts(value).try_for_each(|text| check_text(key, text))
}

fn check_text(key: &str, text: &str) -> Result<(), String> {
    if reference(key, text).is_some() {
        return Ok(());
    }
    // The second test finds a password whatever the number of slashes before it.
    let holds = || user(text).is_some() || text.parse::<Target>().is_ok_and(|one| one.credentials.is_some());
    let reason = match key {
        key if !is_address(key) && !WHOLE.contains(&key) => {
            "a plan file holds no header's value: name the environment variable (\"X-Key: $NAME\") or the file \
             (\"X-Key: @FILE\") that does"
        }
        key if WHOLE.contains(&key) => {
            "a plan file holds no token, secret or key: name the environment variable (\"$NAME\") or the file (\"@FILE\") that does"
        }
        _ if holds() => {
            "holds a user or a password; a plan file names the environment variable that holds both, as in \
             https://$NAME@host with NAME=user:password"
        }
        _ => return Ok(()),
    };
    Err(reason.to_owned())
}

/// Replaces the references in a layer by the secrets.
pub(super) fn resolve(layer: &mut Layer) -> Result<(), Error> {
    let schema = layer::schema();
    for (key, entry) in layer.iter_mut().filter(|(key, entry)| is_reference(key, &entry.value)) {
        let resolved: Result<Vec<_>, _> = texts(&entry.value).map(|text| resolve_text(key, text)).collect();
        let resolved = resolved.map_err(|reason| entry.error(reason))?;
        let value = match (&entry.value, &resolved[..]) {
            (Value::String(_), [text]) => Value::from(text.as_str()),
            _ => Value::from(resolved),
        };
        let flag = layer::flag(&schema, key).expect("a layer holds known keys");
        entry.value = layer::checked(flag, value).map_err(|reason| entry.error(reason))?;
    }
    Ok(())
}

/// The text with its secret in place.
fn resolve_text(key: &str, text: &str) -> Result<String, String> {
    let Some((before, place)) = reference(key, text) else { return Ok(text.to_owned()) };
    let secret = match place {
        // These options read their files themselves.
        Place::File(_) if MINTING.contains(&key) => return Ok(text.trim().to_owned()),
        Place::Variable(name) => {
            let value = env::var(name).ok().filter(|value| !value.is_empty());
            value.ok_or_else(|| format!("the environment has no {name}: it must hold the secret"))?
        }
        Place::File(path) => limited::text(path, MAX_SECRET)?,
    };
    let secret = secret.trim();
    if ["bearer", "jwt-secret"].contains(&key) && secret.starts_with('@') {
        return Err("the secret begins with @, which would name a file".to_owned());
    }
    if is_address(key) { with_login(text, secret) } else { Ok(format!("{before}{secret}")) }
}

/// The address with `user:password` in place of the variable's name.
fn with_login(address: &str, login: &str) -> Result<String, String> {
    let mut url = Url::parse(address).map_err(|_| "is not a URL".to_owned())?;
    // `Url` leaves these as they are: the one would begin an escape, the other the next address.
    let escaped = |text: &str| text.replace('%', "%25").replace(',', "%2C");
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let set = url.set_username(&escaped(user)).and_then(|()| url.set_password(Some(&escaped(password))));
    set.map_err(|()| "cannot carry a user and a password".to_owned())?;
    Ok(url.into())
}

enum Place<'a> {
    Variable(&'a str),
    File(&'a str),
}

/// What stands before the secret, and where the secret is.
fn reference<'a>(key: &str, text: &'a str) -> Option<(&'a str, Place<'a>)> {
    let (before, place) = match key {
        key if WHOLE.contains(&key) => ("", text.trim()),
        _ if is_address(key) => ("", user(text).filter(|user| user.starts_with('$'))?),
        _ => {
            let at = text.find(':')? + 1;
            (&text[..at], text[at..].trim())
        }
    };
    let variable = |name: &&str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    match place.strip_prefix('$') {
        Some(name) => Some(name).filter(variable).map(|name| (before, Place::Variable(name))),
        None => Some((before, Place::File(place.strip_prefix('@').filter(|path| !path.is_empty())?))),
    }
}

/// What stands before the host.
fn user(address: &str) -> Option<&str> {
    let rest = address.split_once("://")?.1;
    let end = rest.find('/').unwrap_or(rest.len());
    rest[..end].rsplit_once('@').map(|(user, _)| user)
}

/// What the repeated plan had and this one lacks, each with the flag that gives it.
pub(super) fn missing(repeated: &Plan, plan: &Plan) -> Vec<String> {
    let (old, new) = (&repeated.limits, &plan.limits);
    let headers = absent("publisher", &old.publisher_headers, &new.publisher_headers).chain(absent(
        "aggregator",
        &old.aggregator_headers,
        &new.aggregator_headers,
    ));
    let passwords = without_password("publisher", &repeated.publishers, &plan.publishers)
        .chain(without_password("aggregator", &repeated.aggregators, &plan.aggregators));
    headers.chain(passwords).collect()
}

/// What signed the tokens of the repeated plan, when these options need it and lack it.
pub(super) fn missing_key(repeated: &Plan, options: &RunOptions) -> Option<String> {
    let minting = repeated.store.tokens.as_ref()?.minting()?;
    let RunOptions { jwt_secret, jwt_key, bearer, tokens, .. } = options;
    let given = jwt_secret.is_some() || jwt_key.is_some() || bearer.is_some() || tokens.is_some();
    (!given).then(|| match minting.key {
        SigningKey::Secret(_) => "the secret that signs its tokens (--jwt-secret)".to_owned(),
        SigningKey::Private(_) => "the private key that signs its tokens (--jwt-key)".to_owned(),
    })
}

fn absent<'a>(role: &'a str, old: &'a [Header], new: &'a [Header]) -> impl Iterator<Item = String> + use<'a> {
    let same = |one: &Header, other: &Header| one.name.eq_ignore_ascii_case(&other.name);
    old.iter().filter(move |old| !new.iter().any(|new| same(old, new))).map(move |header| {
        let bearer = role == "publisher" && header.name.eq_ignore_ascii_case("authorization");
        let bearer = if bearer { " or --bearer" } else { "" };
        format!("the header {} for {role}s (--{role}-header '{0}: …'{bearer})", header.name)
    })
}

fn without_password<'a>(
    role: &'a str,
    old: &'a [Target],
    new: &'a [Target],
) -> impl Iterator<Item = String> + use<'a> {
    let had = |target: &&Target| old.iter().any(|old| old.url == target.url && old.credentials.is_some());
    new.iter().filter(|target| target.credentials.is_none()).filter(move |target| had(target)).map(
        move |target| {
            let (scheme, rest) = (target.url.scheme(), target.to_string());
            let rest = rest.split_once("://").map_or("", |(_, rest)| rest).to_owned();
            format!("user and password of {target} (--{role} {scheme}://USER:PASSWORD@{rest})")
        },
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::plan::target::Secret;

    #[test]
    fn a_plan_file_names_secrets_and_does_not_hold_them() {
        for (key, word, refused) in [
            ("bearer", "$TOKEN", false),
            ("bearer", "@token.txt", false),
            ("bearer", "s3cret", true),
            ("bearer", "$", true),
            ("bearer", "$TO KEN", true),
            ("jwt-secret", "$SECRET", false),
            ("jwt-secret", "@secret", false),
            ("jwt-secret", "s3cret", true),
            ("jwt-key", "@key.pem", false),
            ("jwt-key", "-----BEGIN PRIVATE KEY----- s3cret", true),
            ("header", "X-Key: $KEY", false),
            ("header", "X-Key: @key.txt", false),
            ("header", "X-Key: s3cret", true),
            ("header", "X-Key s3cret", true),
            ("publisher", "https://h/x", false),
            ("publisher", "https://$LOGIN@h/x", false),
            ("publisher", "https://me:s3cret@h/x", true),
            ("publisher", "https:me:s3cret@h/x", true),
            ("aggregator", "https://h/x@y", false),
        ] {
            let checked = check_text(key, word);
            assert_eq!(checked.is_err(), refused, "{key} {word}");
            assert!(!checked.is_err_and(|reason| reason.contains("s3cret")), "{key} {word}");
        }
    }

    #[test]
    fn a_secret_that_is_no_text_is_refused() {
        assert!(check("bearer", &Value::from(12345)).is_err());
        assert!(check("header", &Value::Array(vec![Value::from(1)])).is_err());
        assert!(check("blobs", &Value::from(1)).is_ok());
    }

    #[test]
    fn a_secret_replaces_its_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "s3cret\n").unwrap();
        let path = file.path().display();
        assert_eq!(resolve_text("header", &format!("X-Key: @{path}")), Ok("X-Key:s3cret".to_owned()));
        assert_eq!(resolve_text("publisher", "http://h/x"), Ok("http://h/x".to_owned()));
        fs::write(file.path(), "@s3cret").unwrap();
        let refused = resolve_text("bearer", &format!("@{path}")).unwrap_err();
        assert!(!refused.contains("s3cret"), "{refused}");
        let unset = resolve_text("bearer", "$NO_SUCH_VARIABLE_HERE").unwrap_err();
        assert!(unset.contains("no NO_SUCH_VARIABLE_HERE"), "{unset}");
    }

    #[test]
    fn a_password_may_contain_any_character() {
        let login = "me:a,b%41:/@?#+&=ü";
        let address = with_login("http://$LOGIN@h:1/x", login).unwrap();
        assert!(!address.contains(','), "addresses are separated by commas: {address}");
        let target: Target = address.parse().unwrap();
        assert_eq!(
            (target.to_string().as_str(), target.credentials),
            ("http://h:1/x", Some(Secret::new(login)))
        );
    }
}
