//! How long a server asks to be left alone: the `Retry-After` of an answer, in seconds or as a date.

use std::time::Duration;

use super::http1::Head;

/// What the headers of an answer ask for; `None` when they ask for nothing that can be understood.
///
/// A date is counted from the answer's own `Date` (RFC 9110 §10.2.3 and §6.6.1), so that it does not matter how this
/// machine's clock is set; one that has passed asks for nothing.
pub(super) fn asked(head: &Head<'_>) -> Option<Duration> {
    let text = |name| head.text(name).map(str::trim);
    let asked = text("retry-after")?;
    // A sign would be taken for part of the number.
    if asked.starts_with(|first: char| first.is_ascii_digit())
        && let Ok(seconds) = asked.parse()
    {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(asked).ok()?;
    let now = httpdate::parse_http_date(text("date")?).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::http1::with_head;

    const NOON: &str = "Sun, 22 Nov 2026 12:00:00 GMT";

    fn of(retry_after: &str, date: Option<&str>) -> Option<Duration> {
        let lines = [format!("Retry-After: {retry_after}"), format!("Date: {}", date.unwrap_or_default())];
        let lines = lines.iter().map(String::as_str).take(if date.is_some() { 2 } else { 1 });
        with_head(429, &lines.collect::<Vec<_>>(), asked)
    }

    #[test]
    fn seconds_and_dates_are_understood_and_nothing_else() {
        for (retry_after, date, seconds) in [
            ("0", None, Some(0)),
            (" 120 ", None, Some(120)),
            ("120", Some(NOON), Some(120)),
            ("Sun, 22 Nov 2026 12:02:05 GMT", Some(NOON), Some(125)),
            // The two older forms of a date.
            ("Sunday, 22-Nov-26 12:00:07 GMT", Some(NOON), Some(7)),
            ("Sun Nov 22 12:00:09 2026", Some(NOON), Some(9)),
            ("Sun, 22 Nov 2026 11:59:00 GMT", Some(NOON), Some(0)),
            ("Sun, 22 Nov 2026 12:02:05 GMT", None, None),
            ("Sun, 22 Nov 2026 12:02:05 GMT", Some("today"), None),
            ("-1", None, None),
            ("+120", None, None),
            ("1.5", None, None),
            ("soon", Some(NOON), None),
            ("", Some(NOON), None),
        ] {
            assert_eq!(of(retry_after, date), seconds.map(Duration::from_secs), "{retry_after:?}");
        }
        assert_eq!(with_head(429, &[], asked), None);
    }
}
