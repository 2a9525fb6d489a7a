//! How the value of each option is read from text, whether typed, set in the environment or written in a plan file.

use std::{
    error::Error,
    fmt,
    net::SocketAddr,
    ops::Deref,
    path::PathBuf,
    str::FromStr,
    time::{Duration, SystemTime},
};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use strum::{Display, EnumString, VariantNames};

use super::{
    choices::{BarrierChoice, ShardChoice},
    limited::{self, MAX_SECRET},
    step_values::{TypedStep, parse_again},
};
use crate::{
    export::Format,
    plan::{
        Verify,
        cache_header::StatusHeader,
        class::FailureClass,
        delay::AgainAfter,
        load::Stop,
        names::none_of,
        percentile::UnsupportedPercentiles,
        retry::Backoff,
        run_key::RunKey,
        schedule::Arrivals,
        sizes::{ContentMix, Sizes},
        stages::Stage,
        store::SuiAddress,
        target::{Header, RESERVED_HEADERS, Secret, Target},
        threshold::Threshold,
        vantage::VantageName,
    },
    units::{parse_duration, parse_rate, parse_share, parse_size, parse_whole},
};

/// A value with the text that it was read from, which layers and plan files repeat exactly.
#[derive(Clone)]
pub(super) struct Parsed<T> {
    value: T,
    text: String,
}

impl<T> Deref for Parsed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The value may be a secret.
impl<T> fmt::Debug for Parsed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parsed").finish_non_exhaustive()
    }
}

impl<T: FromText> FromStr for Parsed<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self { value: T::from_text(text)?, text: text.to_owned() })
    }
}

impl<T> Serialize for Parsed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        toml_value(&self.text).serialize(serializer)
    }
}

impl<'de, T: FromText> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(number) => number.to_string(),
            other => {
                let reason = format!("must be text in quotes or a number, not {}", other.type_str());
                return Err(de::Error::custom(reason));
            }
        };
        text.parse().map_err(de::Error::custom)
    }
}

/// Text as a plan file writes it: a whole number stands without quotes.
pub(super) fn toml_value(text: &str) -> toml::Value {
    let number = text.parse::<i64>().ok().filter(|number| *number >= 0 && number.to_string() == text);
    number.map_or_else(|| text.into(), Into::into)
}

/// A value that is read from text; the error continues the option's name.
pub(super) trait FromText: Sized {
    /// Reads the value.
    fn from_text(text: &str) -> Result<Self, String>;
}

macro_rules! from_text {
    ($($value:ty => $read:expr,)+) => {
        $(impl FromText for $value {
            fn from_text(text: &str) -> Result<Self, String> {
                let read: fn(&str) -> Result<Self, String> = $read;
                read(text)
            }
        })+
    };
}

from_text! {
    u8 => parse_whole,
    u32 => parse_whole,
    u64 => parse_whole,
    Duration => parse_duration,
    String => |text| Ok(text.to_owned()),
    PathBuf => |text| if text.is_empty() { Err("a value is required".to_owned()) } else { Ok(text.into()) },
    SocketAddr => |text| text.trim().parse().map_err(|_| {
        "must be ADDRESS:PORT, as in 127.0.0.1:9464; port 0 takes a free one".to_owned()
    }),
    Bytes => |text| parse_size(text).map(Bytes),
    Share => |text| parse_share(text).map(Share),
    PerSecond => |text| parse_rate(text).map(PerSecond),
    Sizes => parse_sizes,
    Stop => parse_warm_up,
    Backoff => parse_backoff,
    RetriedClass => |text| parse_retried(text).map(RetriedClass),
    StatusHeader => |text| text.parse().map_err(|reason| format!("`{}` {reason}", text.escape_debug())),
    RateStage => |text| parse_stage(text, parse_rate).map(RateStage),
    WorkerStage => |text| parse_stage(text, parse_workers).map(WorkerStage),
    Header => parse_header,
    TypedStep => str::parse,
    AgainAfter => parse_again,
    Arrivals => str::parse,
    Bearer => str::parse,
    ContentMix => str::parse,
    RunKey => str::parse,
    ShardChoice => |text| match text.trim() {
        "auto" => Ok(ShardChoice::Auto),
        text => text.parse().map(ShardChoice::Given),
    },
    BarrierChoice => str::parse,
    WallTime => parse_time,
    StepOrder => str::parse,
    SuiAddress => str::parse,
    Target => str::parse,
    Threshold => str::parse,
    UnsupportedPercentiles => str::parse,
    VantageName => str::parse,
    Verify => str::parse,
    When => str::parse,
    WriteTo => str::parse,
}

/// A number of bytes.
#[derive(Clone, Copy)]
pub(super) struct Bytes(pub(super) u64);

/// A share from 0 to 1.
#[derive(Clone, Copy)]
pub(super) struct Share(pub(super) f64);

/// A time of the clock.
#[derive(Clone, Copy)]
pub(super) struct WallTime(pub(super) SystemTime);

/// A class of failures after which a step is tried again.
#[derive(Clone, Copy)]
pub(super) struct RetriedClass(pub(super) FailureClass);

/// A rate per second.
#[derive(Clone, Copy)]
pub(super) struct PerSecond(pub(super) f64);

/// A stage of a rate.
#[derive(Clone, Copy)]
pub(super) struct RateStage(pub(super) Stage);

/// A stage of a number of workers.
#[derive(Clone, Copy)]
pub(super) struct WorkerStage(pub(super) Stage);

/// When to show something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<When>)]
pub(super) enum When {
    /// Where it is usually wanted.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl When {
    /// Whether to show it; `auto` decides where the user does not.
    pub(super) fn or(self, auto: bool) -> bool {
        match self {
            When::Auto => auto,
            When::Always => true,
            When::Never => false,
        }
    }
}

/// In which order the steps of all blobs are done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Display, EnumString, VariantNames)]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<StepOrder>)]
pub(super) enum StepOrder {
    /// All steps of a blob, one after the other, then those of the next.
    #[default]
    Journey,
    /// The first step of all blobs, then the second of all, and so on.
    Phased,
}

/// The parser of an enum by the names of its variants, which help and errors list.
pub(super) fn one_of<E>() -> impl TypedValueParser<Value = E>
where
    E: VariantNames + FromStr<Err: Into<Box<dyn Error + Send + Sync>>> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(E::VARIANTS).try_map(|name| name.parse())
}

/// Like [`one_of`], with the text.
pub(super) fn parsed_one_of<E>() -> impl TypedValueParser<Value = Parsed<E>>
where
    E: VariantNames + FromText + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(E::VARIANTS).try_map(|name| name.parse())
}

/// A format and the file that it is written to, typed as `FORMAT=PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WriteTo {
    pub(super) format: Format,
    pub(super) path: PathBuf,
}

impl FromStr for WriteTo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            let names = Format::VARIANTS.join(", ");
            format!("must be FORMAT=PATH, as in markdown=summary.md; formats are {names}")
        };
        let (label, path) = text.split_once('=').filter(|(_, path)| !path.is_empty()).ok_or_else(wrong)?;
        let format = label.trim().parse().map_err(|_| wrong())?;
        Ok(Self { format, path: path.into() })
    }
}

/// A bearer token, or the file that holds it.
#[derive(Clone)]
pub(super) enum Bearer {
    /// The token.
    Token(Secret),
    /// `@FILE`; it is read when the header is made, since options are parsed more than once and a pipe can be read once.
    File(String),
}

impl Bearer {
    /// The header that carries the token.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no token.
    pub(super) fn header(&self) -> Result<Header, String> {
        let token = match self {
            Self::Token(token) => token.reveal().to_owned(),
            Self::File(path) => {
                let text = limited::text(path, MAX_SECRET)?;
                checked_token(&text)?.to_owned()
            }
        };
        let value = Secret::new(format!("Bearer {token}"));
        Ok(Header { name: "Authorization".to_owned(), value })
    }
}

impl FromStr for Bearer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix('@') {
            Some(path) => Ok(Self::File(path.to_owned())),
            None => Ok(Self::Token(Secret::new(checked_token(text)?))),
        }
    }
}

pub(super) fn checked_token(text: &str) -> Result<&str, String> {
    let token = text.trim();
    let valid = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    valid.then_some(token).ok_or_else(|| "a token is one word of visible ASCII characters".to_owned())
}

/// One size, or a range of sizes: `100KiB` or `90KiB..100KiB`.
fn parse_time(text: &str) -> Result<WallTime, String> {
    let wrong = |_| format!("`{text}` is no time in UTC, as in 2026-01-31T12:00:00Z");
    humantime::parse_rfc3339(text.trim()).map(WallTime).map_err(wrong)
}

fn parse_sizes(text: &str) -> Result<Sizes, String> {
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    let sizes = Sizes { min: parse_size(min)?, max: parse_size(max)? };
    if sizes.min > sizes.max { Err(format!("`{text}` ends below its start")) } else { Ok(sizes) }
}

/// The length of a warm-up: a number of blobs, or a time.
fn parse_warm_up(text: &str) -> Result<Stop, String> {
    let (blobs, duration) = (text.trim().parse().ok(), parse_duration(text).ok());
    match (blobs, duration) {
        (Some(0), _) | (None, Some(Duration::ZERO)) => Err(format!("a warm-up of {text} is none")),
        (Some(_), _) => Ok(Stop { blobs, duration: None }),
        (None, Some(_)) => Ok(Stop { blobs, duration }),
        (None, None) => Err(format!("`{text}` is neither a number of blobs nor a time, as in 20 or 10s")),
    }
}

/// A constant wait, or the first and the longest of waits that double: `500ms` or `100ms..10s`.
fn parse_backoff(text: &str) -> Result<Backoff, String> {
    let Some((from, to)) = text.split_once("..") else {
        return parse_duration(text).map(|wait| Backoff::Constant { wait });
    };
    match (parse_duration(from)?, parse_duration(to)?) {
        (Duration::ZERO, _) => Err(format!("`{text}` starts with 0, which cannot double")),
        (from, to) if from > to => Err(format!("`{text}` ends before it starts")),
        (from, to) => Ok(Backoff::Exponential { from, to }),
    }
}

/// A class after which a step may be tried again.
fn parse_retried(text: &str) -> Result<FailureClass, String> {
    let class: FailureClass = text.trim().parse()?;
    if class.is_about_bytes() {
        return Err(format!("`{class}` is a finding about a blob's bytes, which a retry would hide"));
    }
    Ok(class)
}

/// A stage: `LEVEL:TIME` or `LEVEL..LEVEL:TIME`.
fn parse_stage(text: &str, level: fn(&str) -> Result<f64, String>) -> Result<Stage, String> {
    let (levels, time) = text
        .rsplit_once(':')
        .ok_or_else(|| format!("the stage `{text}` has no time; write it as in 10/s:30s or 8..64:1m"))?;
    let duration = parse_duration(time)?;
    if duration.is_zero() {
        return Err(format!("the stage `{text}` has no length"));
    }
    let (from, to) = levels.split_once("..").unwrap_or((levels, levels));
    Ok(Stage { from: level(from)?, to: level(to)?, duration: Some(duration) })
}

fn parse_workers(text: &str) -> Result<f64, String> {
    parse_whole::<u32>(text).map(f64::from).map_err(|reason| format!("`{text}` is {reason}"))
}

/// A header: `Name: value`. Errors do not repeat the value: it may be a key.
fn parse_header(text: &str) -> Result<Header, String> {
    let (name, value) = text.split_once(':').ok_or("a header is written `Name: value`, with a colon")?;
    let name = name.trim();
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err("the part before the colon is not a header name".to_owned());
    }
    let value = value.trim();
    if value.chars().any(char::is_control) {
        return Err(format!("the value of `{name}` has control characters in it"));
    }
    if RESERVED_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!("`{name}` is set by the exchange itself"));
    }
    Ok(Header { name: name.to_owned(), value: Secret::new(value) })
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
