//! Checks the tokens of a plan: claims that exclude each other, and rates whose tokens fill a publisher's replay cache.

use std::{collections::VecDeque, time::Duration};

use super::{
    ConfigError, Phase, Plan,
    draw::Draw,
    load::Load,
    schedule::Schedule,
    tokens::{CACHE_REFRESH, Claim, Minting, Tokens},
};

/// The most arrivals of a schedule that are counted.
const MOST_ARRIVALS: usize = 2_000_000;

/// Claims of which publishers refuse both in one token.
const PAIRS: [[Claim; 2]; 2] = [[Claim::Size, Claim::MaxSize], [Claim::Epochs, Claim::MaxEpochs]];

impl Plan {
    /// Checks that the tokens of uploads can be minted, and that publishers can remember them.
    ///
    /// # Errors
    /// Names the option to change.
    pub(super) fn check_tokens(&self) -> Result<(), ConfigError> {
        let Some(minting) = self.store.tokens.as_ref().and_then(Tokens::minting) else { return Ok(()) };
        let Minting { claims, ttl, cache_size, .. } = minting;
        let claims_error = |reason: String| Err(ConfigError::new("--jwt-claims", reason));
        if let Some([one, other]) = PAIRS.iter().find(|pair| pair.iter().all(|claim| claims.contains(claim)))
        {
            return claims_error(format!(
                "cannot have both {one} and {other}: publishers refuse such a token"
            ));
        }
        if claims.contains(&Claim::SendObjectTo) && self.store.send_object_to.is_none() {
            return claims_error(
                "send-object-to needs --send-object-to, whose address the token claims".into(),
            );
        }
        if *ttl == 0 {
            return Err(ConfigError::new("--jwt-ttl", "must be at least 1s"));
        }
        if *cache_size == 0 {
            return Err(ConfigError::new("--jwt-cache-size", "must be at least 1"));
        }
        self.phases.iter().zip(self.first_indices()).try_for_each(|(phase, first)| {
            let error = |publisher: usize| self.cache_overflow(minting, phase, publisher);
            self.fills_cache(minting, phase, first).map_or(Ok(()), |publisher| Err(error(publisher)))
        })
    }

    /// The first blob of each phase, as far as it is known before the run; 0 where it is not.
    fn first_indices(&self) -> impl Iterator<Item = u64> {
        self.phases.iter().scan(0, |first: &mut u64, phase| {
            let own = *first;
            *first = first.saturating_add(phase.stop.blobs.unwrap_or(0));
            Some(own)
        })
    }

    /// The publisher whose replay cache the tokens of this phase fill, all shards together, if one is: entries leave it up to
    /// [`CACHE_REFRESH`] after their end. Of a closed loop the rate is not known before the run: `None`.
    fn fills_cache(&self, minting: &Minting, phase: &Phase, first: u64) -> Option<usize> {
        let Load::Open { rate, arrivals, .. } = &phase.load else { return None };
        if !phase.journey.uploads() || self.publishers.is_empty() {
            return None;
        }
        let remembered = Duration::from_secs(minting.ttl).saturating_add(CACHE_REFRESH);
        let (length, blobs) = (phase.length(), phase.stop.blobs);
        let mut recent = vec![VecDeque::new(); self.publishers.len()];
        let schedule = Schedule::new(rate, *arrivals, self.seed);
        let is_started = |ordinal: u64, due: Duration| {
            blobs.is_none_or(|blobs| ordinal < blobs) && length.is_none_or(|length| due < length)
        };
        let started =
            schedule.take_while(|arrival| is_started(arrival.ordinal, arrival.due)).take(MOST_ARRIVALS);
        for arrival in started {
            let index = first.saturating_add(arrival.ordinal);
            let publisher = self.publisher_of(index, phase);
            let recent: &mut VecDeque<Duration> = &mut recent[publisher];
            while recent.front().is_some_and(|due| *due + remembered <= arrival.due) {
                recent.pop_front();
            }
            recent.push_back(arrival.due);
            // An order control uploads a second blob.
            let uploads = recent.len() as f64 * (1.0 + phase.order_control);
            if uploads >= minting.cache_size as f64 {
                return Some(publisher);
            }
        }
        None
    }

    fn publisher_of(&self, index: u64, phase: &Phase) -> usize {
        match self.publishers.len() {
            1 => 0,
            count => usize::try_from(Draw::of(self.seed, index, phase).publisher).unwrap_or(0) % count,
        }
    }

    fn cache_overflow(&self, minting: &Minting, phase: &Phase, publisher: usize) -> ConfigError {
        let reason = format!(
            "{}s is too long for the rate of `{}`: {} would have to remember {} unexpired tokens, which fills its replay cache, \
             and a publisher answers further uploads with 500. Shorten it, lower the rate, or give the publisher's own \
             --jwt-cache-size",
            minting.ttl, phase.name, self.publishers[publisher], minting.cache_size
        );
        ConfigError::new("--jwt-ttl", reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixtures,
        plan::{
            load::Stop,
            schedule::Arrivals,
            stages::{Stage, Stages},
            target::Secret,
            tokens::{Algorithm, DEFAULT_CACHE_SIZE, SigningKey},
        },
    };

    fn minting(ttl: u64, claims: &[Claim]) -> Minting {
        Minting {
            key: SigningKey::Secret(Secret::new("s3cret")),
            algorithm: Algorithm::HS256,
            ttl,
            claims: claims.to_vec(),
            cache_size: DEFAULT_CACHE_SIZE,
        }
    }

    fn plan(minting: Minting) -> Plan {
        let mut plan = fixtures::plan(5);
        plan.store.tokens = Some(Tokens::Minted(minting));
        plan
    }

    /// A plan at a rate per second, for this many blobs.
    fn open(rate: f64, blobs: u64, minting: Minting) -> Plan {
        let mut plan = plan(minting);
        plan.phases[0].load =
            Load::Open { rate: Stages::constant(rate), arrivals: Arrivals::Uniform, max_in_flight: 100 };
        plan.phases[0].stop = Stop { blobs: Some(blobs), duration: None };
        plan
    }

    #[test]
    fn claims_that_a_publisher_refuses_are_refused() {
        for (claims, words) in [
            (&[Claim::Size, Claim::MaxSize][..], "both size and max-size"),
            (&[Claim::MaxEpochs, Claim::Epochs], "both epochs and max-epochs"),
            (&[Claim::SendObjectTo], "needs --send-object-to"),
        ] {
            let error = plan(minting(60, claims)).check().unwrap_err();
            assert_eq!(error.flag, "--jwt-claims");
            assert!(error.reason.contains(words), "{error}");
        }
        assert_eq!(plan(minting(60, &[Claim::Size, Claim::MaxEpochs])).check(), Ok(()));
        assert_eq!(plan(minting(0, &[])).check().unwrap_err().flag, "--jwt-ttl");
    }

    #[test]
    fn a_rate_that_fills_the_replay_cache_is_refused() {
        // 10,000 entries in 65 s: 153 a second fit, 154 do not.
        for (rate, blobs, fits) in [
            (153.0, 100_000, true),
            (154.0, 100_000, false),
            (154.0, 9_999, true),
            (1e5, 9_999, true),
            (1e5, 10_000, false),
        ] {
            let checked = open(rate, blobs, minting(60, &[])).check();
            assert_eq!(checked.is_ok(), fits, "{rate}/s, {blobs} blobs: {checked:?}");
        }
        let short = open(154.0, 100_000, minting(10, &[]));
        assert_eq!(short.check(), Ok(()), "a shorter life");
        let large = Minting { cache_size: 1_000_000, ..minting(60, &[]) };
        assert_eq!(open(154.0, 100_000, large).check(), Ok(()), "a larger cache");
        let error = open(154.0, 100_000, minting(60, &[])).check().unwrap_err().to_string();
        assert!(error.contains("http://publisher.test:31415") && error.contains("10000"), "{error}");
    }

    #[test]
    fn each_publisher_has_a_replay_cache_of_its_own_and_all_shards_fill_it() {
        let mut two = open(200.0, 100_000, minting(60, &[]));
        two.publishers.push("http://other.test".parse().unwrap());
        assert_eq!(two.check(), Ok(()), "each has half of them");
        let shard = Plan { shard: Some("0/2".parse().unwrap()), ..open(200.0, 100_000, minting(60, &[])) };
        assert_eq!(shard.check().unwrap_err().flag, "--jwt-ttl");
    }

    #[test]
    fn a_short_peak_counts_for_what_it_is() {
        let mut peak = open(1.0, 100_000, minting(60, &[]));
        let stage = |from: f64, to: f64, seconds: u64| Stage {
            from,
            to,
            duration: Some(Duration::from_secs(seconds)),
        };
        let stages =
            |top: f64| Stages(vec![stage(10.0, 10.0, 600), stage(top, top, 5), stage(10.0, 10.0, 600)]);
        for (top, fits) in [(1_000.0, true), (1_900.0, false)] {
            peak.phases[0].load =
                Load::Open { rate: stages(top), arrivals: Arrivals::Uniform, max_in_flight: 100 };
            assert_eq!(peak.check().is_ok(), fits, "{top}");
        }
    }

    #[test]
    fn documents_hold_no_key() {
        let text = serde_json::to_string(&plan(minting(60, &[Claim::MaxSize])).store.tokens).unwrap();
        assert_eq!(
            text,
            r#"{"kind":"minted","key":{"secret":"[redacted]"},"algorithm":"HS256","ttl_seconds":60,"claims":["max-size"],"cache_size":10000}"#
        );
        assert!(serde_json::from_str::<Tokens>(&text).is_ok());
    }
}
