//! Secrets of a plan file: it names where they are, in the environment or in a file, and never holds them.

use std::{env, fs};

use url::Url;

use super::keys;
use crate::plan::{
    Plan,
    target::{Header, Target},
};

/// Whether `word` names a place instead of holding the value.
pub(super) fn is_reference(key: &str, word: &str) -> bool {
    keys::is_secret(key) && reference(key, word).is_some()
}

/// Whether `word` says where its secret is, if it has one, rather than the secret itself.
pub(super) fn check_reference(key: &str, word: &str) -> Result<(), String> {
    if !keys::is_secret(key) {
        return Ok(());
    }
    // However few slashes stand before it.
    let holds = || user(word).is_some() || word.parse::<Target>().is_ok_and(|one| one.credentials.is_some());
    match (keys::is_address(key), reference(key, word)) {
        (true, None) if holds() => Err("holds a user or a password; a plan file names the \
            environment variable that holds both, as in https://$NAME@host with NAME=user:password"
            .to_owned()),
        (true, _) | (false, Some(_)) => Ok(()),
        (false, None) if key == "bearer" => {
            Err("a plan file holds no token: name the environment variable (\"$NAME\") or the file \
                 (\"@FILE\") that does"
                .to_owned())
        }
        (false, None) => Err("a plan file holds no header's value: name the environment variable \
            (\"X-Key: $NAME\") or the file (\"X-Key: @FILE\") that does"
            .to_owned()),
    }
}

/// The word with its secret in place, as it would be typed.
pub(super) fn resolve(key: &str, word: &str) -> Result<String, String> {
    let Some((before, place)) = reference(key, word) else { return Ok(word.to_owned()) };
    let secret = match place {
        Place::Variable(name) => {
            let value = env::var(name).ok().filter(|value| !value.is_empty());
            value.ok_or_else(|| format!("the environment has no {name}: it must hold the secret"))?
        }
        Place::File(path) => {
            fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?
        }
    };
    let secret = secret.trim();
    if !keys::is_address(key) {
        return Ok(format!("{before}{secret}"));
    }
    with_login(word, secret)
}

/// The address with this `user:password` in place of their name.
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
fn reference<'a>(key: &str, word: &'a str) -> Option<(&'a str, Place<'a>)> {
    let (before, place) = match key {
        "bearer" => ("", word.trim()),
        _ if keys::is_address(key) => ("", user(word).filter(|user| user.starts_with('$'))?),
        _ => {
            let at = word.find(':')? + 1;
            (&word[..at], word[at..].trim())
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
    use super::*;
    use crate::plan::target::Secret;

    #[test]
    fn a_secret_is_named_and_not_told() {
        for (key, word, refused) in [
            ("bearer", "$TOKEN", false),
            ("bearer", "@token.txt", false),
            ("bearer", "s3cret", true),
            ("bearer", "$", true),
            ("bearer", "$TO KEN", true),
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
            let checked = check_reference(key, word);
            assert_eq!(checked.is_err(), refused, "{key} {word}");
            assert!(!checked.is_err_and(|reason| reason.contains("s3cret")), "{key} {word}");
        }
    }

    #[test]
    fn a_secret_takes_the_place_of_its_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "s3cret\n").unwrap();
        let path = file.path().display();
        assert_eq!(resolve("header", &format!("X-Key: @{path}")), Ok("X-Key:s3cret".to_owned()));
        assert_eq!(resolve("publisher", "http://h/x"), Ok("http://h/x".to_owned()));
        let unset = resolve("bearer", "$NO_SUCH_VARIABLE_HERE").unwrap_err();
        assert!(unset.contains("no NO_SUCH_VARIABLE_HERE"), "{unset}");
    }

    #[test]
    fn a_password_may_be_made_of_anything() {
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
