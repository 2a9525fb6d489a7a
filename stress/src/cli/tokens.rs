//! Tokens of uploads: the settings that the flags become, and the list that is streamed to a run.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek},
    sync::{Arc, OnceLock},
    thread,
};

use tokio::sync::mpsc;

use super::{limited, options::RunOptions, values::checked_token};
use crate::{
    client::jwt,
    engine::{Minter, TokenList, TokenSource},
    error::Error,
    plan::{
        ConfigError, Plan,
        forecast::forecast,
        shard::Shard,
        target::Secret,
        tokens::{Claim, DEFAULT_CACHE_SIZE, Minting, SigningKey, Tokens},
    },
    units,
};

/// The lifetime of a token in seconds, unless `--jwt-ttl` says another.
const DEFAULT_TTL: u64 = 60;
/// Tokens that may wait for the run.
const WAITING: usize = 64;
/// The longest line of a list in bytes: more than any server accepts as a header.
const LONGEST_LINE: u64 = 64 * 1024;

/// Where the tokens of a run with these options come from. It is not checked yet.
pub(super) fn settings(options: &RunOptions) -> Result<Option<Tokens>, ConfigError> {
    let secret =
        options.jwt_secret.as_deref().map(|secret| ("--jwt-secret", secret.read().map(SigningKey::Secret)));
    let key = || options.jwt_key.as_deref().map(|key| ("--jwt-key", key.read().map(SigningKey::Private)));
    let Some((flag, key)) = secret.or_else(key) else {
        for (flag, is_set) in [
            ("--jwt-alg", options.jwt_alg.is_some()),
            ("--jwt-ttl", options.jwt_ttl.is_some()),
            ("--jwt-claims", !options.jwt_claims.is_empty()),
            ("--jwt-cache-size", options.jwt_cache_size.is_some()),
        ] {
            if is_set {
                return Err(ConfigError::new(
                    flag,
                    "needs --jwt-secret or --jwt-key: it is about tokens that are minted here",
                ));
            }
        }
        let list = options.tokens.as_deref();
        return Ok(list.map(|path| Tokens::Listed { name: path.display().to_string() }));
    };
    let key = key.map_err(|reason| ConfigError::new(flag, reason))?;
    let wanted = options.jwt_alg.as_deref().copied();
    let algorithm = jwt::algorithm(&key, None)
        .map_err(|reason| ConfigError::new(flag, reason))
        .and_then(|_| jwt::algorithm(&key, wanted).map_err(|reason| ConfigError::new("--jwt-alg", reason)))?;
    let mut claims: Vec<Claim> = options.jwt_claims.iter().map(|claim| **claim).collect();
    claims.dedup();
    Ok(Some(Tokens::Minted(Minting {
        key,
        algorithm,
        ttl: options.jwt_ttl.as_deref().map_or(DEFAULT_TTL, |ttl| ttl.0),
        claims,
        cache_size: options.jwt_cache_size.as_deref().copied().unwrap_or(DEFAULT_CACHE_SIZE),
    })))
}

/// The tokens of a run.
#[derive(Debug, Clone)]
pub(super) struct RunTokens {
    pub(super) source: Arc<TokenSource>,
    /// Why the list cannot be read further.
    error: Arc<OnceLock<String>>,
    /// The name of the list.
    list: String,
}

impl RunTokens {
    /// The tokens of this plan; `None` when it has none.
    ///
    /// # Errors
    /// When the list cannot be read, or has fewer tokens than the plan has uploads.
    pub(super) fn of(plan: &Plan) -> Result<Option<Self>, Error> {
        let refused = |flag: &str, reason| Error::Flag { flag: flag.to_owned(), reason };
        let error = Arc::new(OnceLock::new());
        match &plan.store.tokens {
            None => Ok(None),
            Some(Tokens::Minted(_)) => {
                let minter = Minter::new(plan).map_err(|reason| refused("--jwt-key", reason))?;
                let source = |minter| Arc::new(TokenSource::Minter(Box::new(minter)));
                Ok(minter.map(|minter| Self { source: source(minter), error, list: String::new() }))
            }
            Some(Tokens::Listed { name }) => {
                let file = open(name, plan).map_err(|reason| refused("--tokens", reason))?;
                let (sender, receiver) = mpsc::channel(WAITING);
                let (shard, stored) = (plan.shard(), error.clone());
                let body = move || {
                    if let Err(reason) = each(file, shard, &mut |token| sender.blocking_send(token).is_ok()) {
                        // Only this thread sets it, once.
                        let _ = stored.set(reason);
                    }
                };
                let thread = thread::Builder::new().name("tokens".to_owned()).spawn(body);
                thread
                    .map_err(|source| Error::System { what: "cannot start a thread".to_owned(), source })?;
                let source = Arc::new(TokenSource::List(TokenList::new(receiver)));
                Ok(Some(Self { source, error, list: name.clone() }))
            }
        }
    }

    /// Why the run ended early, if it wanted more tokens than there were.
    pub(super) fn error(&self) -> Option<Error> {
        let used_up =
            || format!("{} has no more tokens, and each attempt needs one: the run has ended", self.list);
        let reason = || self.error.get().cloned().unwrap_or_else(used_up);
        self.source.is_used_up().then(|| Error::Flag { flag: "--tokens".to_owned(), reason: reason() })
    }
}

/// The list of this name. The tokens of a file are counted: one that could be too short is refused.
fn open(name: &str, plan: &Plan) -> Result<Box<dyn Read + Send>, String> {
    if name == "-" {
        return Ok(Box::new(io::stdin()));
    }
    let unreadable = |error: io::Error| format!("cannot read {name}: {error}");
    let mut file = File::open(name).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        // A pipe may still be written to, and can be read once.
        return Ok(Box::new(file));
    }
    let mut count = 0_u64;
    each(&mut file, plan.shard(), &mut |_| {
        count += 1;
        true
    })
    .map_err(|reason| format!("{name}, {reason}"))?;
    // The upload that goes first to learn the price takes one, too.
    let first = u64::from(plan.store.max_cost.is_some() && plan.store.unit_price().is_none());
    let needed = first + forecast(plan).iter().map(|phase| phase.uploads.least).sum::<u64>();
    if count < needed.max(1) {
        let part = if plan.shard.is_some() { " for this shard" } else { "" };
        return Err(format!(
            "{name} has {}{part}, and the run needs at least {}: one for each attempt at an upload",
            units::counted(count, "token"),
            units::count(needed.max(1))
        ));
    }
    file.rewind().map_err(unreadable)?;
    Ok(Box::new(file))
}

/// Gives the shard's tokens to `take`, until that returns false: of each N, the K-th. No error repeats a token.
fn each(source: impl Read, shard: Shard, take: &mut dyn FnMut(Secret) -> bool) -> Result<(), String> {
    let mut source = limited::without_mark(BufReader::new(source)).map_err(|error| error.to_string())?;
    let (mut line, mut position) = (Vec::new(), 0);
    for number in 1_u64.. {
        line.clear();
        let wrong = |reason: String| format!("line {number}: {reason}");
        let read = source.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        if read.map_err(|error| wrong(error.to_string()))? == 0 {
            break;
        }
        if line.len() as u64 == LONGEST_LINE && line.last() != Some(&b'\n') {
            return Err(wrong(format!("it is longer than {LONGEST_LINE} bytes")));
        }
        let text = String::from_utf8_lossy(&line);
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        let token = checked_token(&text).map_err(wrong)?;
        let own = shard.keeps(position);
        position += 1;
        if own && !take(Secret::new(token)) {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(list: &str, shard: &str) -> Result<Vec<String>, String> {
        let mut tokens = Vec::new();
        let shard = shard.parse().unwrap();
        each(list.as_bytes(), shard, &mut |token| {
            tokens.push(token.reveal().to_owned());
            true
        })
        .map(|()| tokens)
    }

    #[test]
    fn a_shard_takes_every_nth_token_from_its_own_on() {
        let list = "# minted at noon\na\n\nb\r\nc\n d \ne";
        let tokens = |tokens: &[&str]| Ok(tokens.iter().map(|token| (*token).to_owned()).collect());
        assert_eq!(taken(list, "0/1"), tokens(&["a", "b", "c", "d", "e"]));
        assert_eq!(taken(list, "0/2"), tokens(&["a", "c", "e"]));
        assert_eq!(taken(list, "1/2"), tokens(&["b", "d"]));
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_repeated() {
        for list in ["a\ns3cret b\n", "a\ns3crät", &format!("a\n{}s3cret", "x".repeat(70_000))] {
            let refused = taken(list, "0/1").unwrap_err();
            assert!(refused.starts_with("line 2: ") && !refused.contains("s3cr"), "{refused}");
        }
    }
}
