//! A timeline in a document: thousands of small numbers, packed so that an hour stays a fraction of a megabyte.
//!
//! The packed text is base64 of zlib of numbers in LEB128. For each interval: started, done, failed, unfinished, bytes
//! sent, bytes received, the least lower bound in nanoseconds + 1 (0 when there is none), the number of response-time
//! buckets, and for each of them the distance from the one before and its count.

use std::{
    io::{Read, Write},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::{Interval, MOST, Tally, Timeline};
use crate::metrics::{
    count::MAX_COUNT,
    sketch::{BUCKETS, Sketch},
};

/// More than any timeline takes when unpacked, in bytes: what claims more is none.
const LARGEST: u64 = MOST as u64 * (80 + 8 * BUCKETS as u64);

/// [`Timeline`] in a document.
#[derive(Serialize, Deserialize)]
struct TimelineDoc {
    interval_seconds: u64,
    /// The first interval begins this many interval widths after the run's origin.
    first_interval: u64,
    intervals: usize,
    packed: String,
}

impl Serialize for Timeline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut numbers = Vec::new();
        self.intervals().for_each(|(_, interval)| pack(&interval, &mut numbers));
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&numbers).map_err(ser::Error::custom)?;
        let packed = STANDARD.encode(packer.finish().map_err(ser::Error::custom)?);
        let (interval_seconds, intervals) = (self.width().as_secs(), self.len());
        TimelineDoc { interval_seconds, first_interval: self.first, intervals, packed }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Timeline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        unpack(TimelineDoc::deserialize(deserializer)?).map_err(|reason| {
            de::Error::custom(format!(
                "a timeline is damaged: {reason}; take the file from where it was written"
            ))
        })
    }
}

fn unpack(document: TimelineDoc) -> Result<Timeline, String> {
    let TimelineDoc { interval_seconds, first_interval, intervals, packed } = document;
    if !interval_seconds.is_power_of_two() || intervals > MOST {
        return Err(format!("{intervals} intervals of {interval_seconds} s are not what a run records"));
    }
    let doublings = interval_seconds.ilog2();
    let end = first_interval.checked_add(MOST as u64).and_then(|end| end.checked_mul(interval_seconds));
    end.ok_or("it begins after the end of time")?;
    let bytes = STANDARD.decode(packed).map_err(|error| error.to_string())?;
    let mut numbers = Vec::new();
    ZlibDecoder::new(&*bytes).take(LARGEST).read_to_end(&mut numbers).map_err(|error| error.to_string())?;
    let mut numbers = numbers.into_iter();
    let unpacked: Option<Vec<_>> = (0..intervals).map(|_| interval(&mut numbers)).collect();
    let intervals = unpacked.ok_or("its numbers make no intervals")?;
    if numbers.len() > 0 {
        return Err(format!("{} bytes are left over", numbers.len()));
    }
    Ok(Timeline::restore(doublings, first_interval, intervals.into_iter()))
}

fn pack(interval: &Interval, out: &mut Vec<u8>) {
    let Tally { started, done, failed, unfinished, bytes_sent, bytes_received, least_lower_bound } =
        interval.tally;
    let bound = least_lower_bound
        .map_or(0, |least| u64::try_from(least.as_nanos()).unwrap_or(u64::MAX).saturating_add(1));
    let buckets = interval.response.raw();
    let head = [started, done, failed, unfinished, bytes_sent, bytes_received, bound, buckets.len() as u64];
    head.into_iter().for_each(|number| write(number, out));
    let mut before = 0;
    for &(bucket, count) in buckets {
        write(u64::from(bucket - before), out);
        write(u64::from(count), out);
        before = bucket;
    }
}

/// The next interval; `None` when the numbers make none.
fn interval(numbers: &mut impl Iterator<Item = u8>) -> Option<Interval> {
    let mut next = || read(numbers);
    let [started, done, failed, unfinished] = [next()?, next()?, next()?, next()?];
    let [bytes_sent, bytes_received, bound, buckets] = [next()?, next()?, next()?, next()?];
    if [started, done, failed, unfinished, bytes_sent, bytes_received]
        .iter()
        .any(|number| *number > MAX_COUNT)
    {
        return None;
    }
    let mut before = 0_u16;
    let mut bucket = || {
        before = before.checked_add(u16::try_from(next()?).ok()?)?;
        Some((before, u32::try_from(next()?).ok()?))
    };
    let buckets = (0..buckets).map(|_| bucket()).collect::<Option<Vec<_>>>()?;
    let least_lower_bound = bound.checked_sub(1).map(Duration::from_nanos);
    let tally = Tally { started, done, failed, unfinished, bytes_sent, bytes_received, least_lower_bound };
    Some(Interval { tally, response: Sketch::restore(buckets)? })
}

/// LEB128: seven bits a byte, the low ones first.
pub(super) fn write(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push((number & 0x7f) as u8);
}

/// The next number; `None` when the bytes end within it, or it has more than 64 bits.
pub(super) fn read(bytes: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = bytes.next()?;
        let bits = u64::from(byte & 0x7f);
        number |= bits.checked_mul(1 << shift)?;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
