//! The tokens of uploads: one for each attempt, minted just before its request or taken from a list.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use tokio::sync::mpsc;

use crate::{
    blob::BlobSpec,
    client::jwt::Signer,
    plan::{
        Plan,
        target::Secret,
        tokens::{CACHE_REFRESH, Claim, Minting, Tokens},
    },
};

/// Where the tokens of a run come from, shared by all its threads.
#[derive(Debug)]
pub enum TokenSource {
    /// Each is signed just before its request.
    Minter(Box<Minter>),
    /// They were minted elsewhere.
    List(TokenList),
}

/// An attempt at an upload, which needs a token of its own: a publisher that refuses an upload for lack of capacity has
/// spent the token nevertheless.
#[derive(Debug, Clone, Copy)]
pub(super) struct UploadAttempt {
    /// The blob's index.
    pub(super) index: u64,
    /// What is uploaded. Its seed differs between the steps of a search, and between a blob and its order control.
    pub(super) blob: BlobSpec,
    /// From 1.
    pub(super) attempt: u32,
    /// The publisher's position in the plan.
    pub(super) publisher: usize,
}

/// Signs tokens.
#[derive(Debug)]
pub struct Minter {
    signer: Signer,
    /// Differs between all runs, since publishers remember the tokens of earlier ones.
    run: u128,
    shard: u32,
    /// How many shards fill the same replay cache.
    shards: u64,
    minting: Minting,
    largest: u64,
    epochs: u32,
    send_object_to: Option<String>,
    /// The tokens that each publisher still remembers.
    remembered: Vec<Mutex<Remembered>>,
    /// Whether one of them could have been full.
    overflowed: AtomicBool,
}

/// The claims of a token.
#[derive(Serialize)]
struct Claims<'a> {
    iat: u64,
    exp: u64,
    jti: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epochs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_epochs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_object_to: Option<&'a str>,
}

/// How many tokens were minted in each of the last seconds.
#[derive(Debug, Default)]
struct Remembered {
    by_second: VecDeque<(u64, u64)>,
    total: u64,
}

/// A list of tokens that is streamed to the run.
#[derive(Debug)]
pub struct TokenList {
    tokens: tokio::sync::Mutex<mpsc::Receiver<Secret>>,
    used_up: AtomicBool,
}

impl TokenSource {
    /// The value of the `Authorization` header for this attempt; `None` when there is no further token.
    pub(super) async fn next(&self, upload: UploadAttempt) -> Option<Secret> {
        let token = match self {
            TokenSource::Minter(minter) => minter.mint(upload, now()),
            TokenSource::List(list) => list.next().await?,
        };
        Some(Secret::new(format!("Bearer {}", token.reveal())))
    }

    /// Whether the run wanted more tokens than there were.
    pub fn is_used_up(&self) -> bool {
        matches!(self, TokenSource::List(list) if list.used_up.load(Ordering::Relaxed))
    }

    /// What to warn of: that publishers may have answered with 500 because of the number of tokens.
    pub fn warning(&self) -> Option<String> {
        let TokenSource::Minter(minter) = self else { return None };
        minter.overflowed.load(Ordering::Relaxed).then(|| {
            format!(
                "a publisher had to remember {} unexpired tokens, as many as its replay cache holds (--jwt-cache-size); when \
                 it is full, it answers uploads with 500: shorten --jwt-ttl, now {} s",
                minter.minting.cache_size, minter.minting.ttl
            )
        })
    }
}

impl TokenList {
    /// The tokens that arrive on this channel; the list ends when it is closed.
    pub fn new(tokens: mpsc::Receiver<Secret>) -> Self {
        Self { tokens: tokens.into(), used_up: AtomicBool::new(false) }
    }

    async fn next(&self) -> Option<Secret> {
        let token = self.tokens.lock().await.recv().await;
        if token.is_none() {
            self.used_up.store(true, Ordering::Relaxed);
        }
        token
    }
}

/// The wall clock in seconds since 1970: publishers compare it with theirs.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

impl Minter {
    /// The minter of the plan's tokens; `None` when it mints none.
    ///
    /// # Errors
    /// When the key does not fit the algorithm.
    pub fn new(plan: &Plan) -> Result<Option<Self>, String> {
        let Some(Tokens::Minted(minting)) = &plan.store.tokens else { return Ok(None) };
        let uploads = plan.phases.iter().filter(|phase| phase.journey.uploads());
        Ok(Some(Self {
            signer: Signer::new(&minting.key, minting.algorithm)?,
            run: rand::random(),
            shard: plan.shard().index(),
            shards: u64::from(plan.shard().of()),
            minting: minting.clone(),
            largest: uploads.map(|phase| phase.sizes.max).max().unwrap_or(0),
            epochs: plan.store.epochs(),
            send_object_to: plan.store.send_object_to.as_ref().map(|address| address.as_str().to_owned()),
            remembered: plan.publishers.iter().map(|_| Mutex::default()).collect(),
            overflowed: AtomicBool::new(false),
        }))
    }

    /// A token for this attempt, issued `now`, in seconds since 1970.
    fn mint(&self, upload: UploadAttempt, now: u64) -> Secret {
        let UploadAttempt { index, blob, attempt, publisher } = upload;
        let jti = format!("{:032x}-{}-{:x}-{index}-{attempt}", self.run, self.shard, blob.seed);
        let claims = |claim| self.minting.claims.contains(&claim);
        let payload = Claims {
            iat: now,
            exp: now.saturating_add(self.minting.ttl),
            jti: &jti,
            size: claims(Claim::Size).then_some(blob.size),
            max_size: claims(Claim::MaxSize).then_some(self.largest),
            epochs: claims(Claim::Epochs).then_some(self.epochs),
            max_epochs: claims(Claim::MaxEpochs).then_some(self.epochs),
            send_object_to: self.send_object_to.as_deref().filter(|_| claims(Claim::SendObjectTo)),
        };
        self.remember(publisher, now);
        // A key that was accepted signs every message; only the system's random numbers could fail.
        Secret::new(self.signer.sign(&payload).expect("the system has random numbers"))
    }

    fn remember(&self, publisher: usize, now: u64) {
        let Some(remembered) = self.remembered.get(publisher) else { return };
        let remembered = &mut *remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.minting.ttl.saturating_add(CACHE_REFRESH.as_secs());
        if remembered.add(now, kept).saturating_mul(self.shards) >= self.minting.cache_size {
            self.overflowed.store(true, Ordering::Relaxed);
        }
    }
}

impl Remembered {
    /// Adds a token that is minted `now` and remembered for this number of seconds; gives how many are remembered.
    fn add(&mut self, now: u64, kept: u64) -> u64 {
        while let Some((second, count)) = self.by_second.front().copied()
            && second.saturating_add(kept) <= now
        {
            self.total -= count;
            self.by_second.pop_front();
        }
        match self.by_second.back_mut() {
            Some((second, count)) if *second >= now => *count += 1,
            _ => self.by_second.push_back((now, 1)),
        }
        self.total += 1;
        self.total
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::{Value, json};

    use super::*;
    use crate::{
        fixtures,
        plan::{
            sizes::Content,
            tokens::{Algorithm, DEFAULT_CACHE_SIZE, SigningKey},
        },
    };

    const NOW: u64 = 1_800_000_000;
    const ADDRESS: &str = "0x2222222222222222222222222222222222222222222222222222222222222222";

    fn minter(claims: &[Claim], cache_size: u64) -> Minter {
        let mut plan = fixtures::plan(5);
        plan.phases[0].sizes.max = 2_000;
        plan.store.epochs = Some(7);
        plan.store.send_object_to = Some(ADDRESS.parse().unwrap());
        plan.store.tokens = Some(Tokens::Minted(Minting {
            key: SigningKey::Secret(Secret::new("s3cret")),
            algorithm: Algorithm::HS256,
            ttl: 60,
            claims: claims.to_vec(),
            cache_size,
        }));
        Minter::new(&plan).unwrap().unwrap()
    }

    fn upload(seed: u64, index: u64, attempt: u32) -> UploadAttempt {
        let blob = BlobSpec { seed, index, size: 1_000, content: Content::Binary };
        UploadAttempt { index, blob, attempt, publisher: 0 }
    }

    fn claims(token: &Secret) -> Value {
        let key = jsonwebtoken::DecodingKey::from_secret(b"s3cret");
        let validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::HS256);
        jsonwebtoken::decode(token.reveal(), &key, &validation).unwrap().claims
    }

    #[test]
    fn a_token_claims_what_was_asked_for_and_nothing_else() {
        let of = |wanted: &[Claim]| {
            let mut claims = claims(&minter(wanted, 10_000).mint(upload(1, 3, 1), NOW));
            let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
            assert!(jti.as_str().unwrap().ends_with("-0-1-3-1"), "{jti}");
            claims
        };
        let end = NOW + 60;
        assert_eq!(of(&[]), json!({ "iat": NOW, "exp": end }));
        assert_eq!(
            of(&[Claim::Size, Claim::Epochs, Claim::SendObjectTo]),
            json!({ "iat": NOW, "exp": end, "size": 1_000, "epochs": 7, "send_object_to": ADDRESS })
        );
        assert_eq!(
            of(&[Claim::MaxSize, Claim::MaxEpochs]),
            json!({ "iat": NOW, "exp": end, "max_size": 2_000, "max_epochs": 7 })
        );
    }

    #[test]
    fn every_run_blob_and_attempt_has_its_own_id() {
        let minters = [minter(&[], DEFAULT_CACHE_SIZE), minter(&[], DEFAULT_CACHE_SIZE)];
        let mut ids = HashSet::new();
        for minter in &minters {
            for (seed, index) in [(1, 0), (1, 1), (1, 11), (2, 0)] {
                for attempt in [1, 2, 11] {
                    let claims = claims(&minter.mint(upload(seed, index, attempt), NOW));
                    assert!(ids.insert(claims["jti"].clone()), "{claims}");
                }
            }
        }
        assert_eq!(ids.len(), 24);
    }

    #[test]
    fn a_full_replay_cache_is_a_warning() {
        let minter = minter(&[], 3);
        let mint = |now: u64| drop(minter.mint(upload(1, 0, 1), now));
        // The first one has left the cache when the third one comes.
        [NOW, NOW + 1, NOW + 65].into_iter().for_each(mint);
        assert!(!minter.overflowed.load(Ordering::Relaxed));
        mint(NOW + 65);
        assert!(minter.overflowed.load(Ordering::Relaxed));
        let warning = TokenSource::Minter(Box::new(minter)).warning().unwrap();
        assert!(warning.contains("remember 3 unexpired tokens"), "{warning}");
    }

    #[tokio::test]
    async fn a_list_gives_each_token_once_and_then_none() {
        let (sender, receiver) = mpsc::channel(4);
        for token in ["a", "b"] {
            sender.send(Secret::new(token)).await.unwrap();
        }
        drop(sender);
        let list = TokenSource::List(TokenList::new(receiver));
        assert_eq!(list.next(upload(1, 0, 1)).await, Some(Secret::new("Bearer a")));
        assert_eq!(list.next(upload(1, 0, 1)).await, Some(Secret::new("Bearer b")));
        assert!(!list.is_used_up());
        assert_eq!((list.next(upload(1, 0, 1)).await, list.is_used_up()), (None, true));
    }
}
