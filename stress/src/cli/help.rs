//! The end of the commands' long help: environment variables, metrics, exit statuses and an example.

use strum::VariantNames;

use super::exit::STATUSES;
use crate::{export::style::wrap, plan::class::FailureClass};

/// Columns that the text may take.
const WIDTH: usize = 80;

const ENVIRONMENT: &str = "\
Environment:
  A variable sets each flag: --min-size is WALRUS_STRESS_MIN_SIZE. Lists are
  comma-separated, switches are true or false. Flags win over variables, and
  both over the plan file.";

/// The metrics that a threshold can name; a test holds this against the parser.
pub(super) const METRICS: &str = "\
Metrics of thresholds:
  p50 p90 p95 p99 p99.9 p99.99 min mean max  response time: first.p95<500ms
  service. ttfb. send. wait. receive.        before these, a part of it:
  start_delay.                               upload.ttfb.p50<1s
  failures attempt_failures unfinished       number or share: *.failures<1%
  failures.CLASS attempt_failures.CLASS      the same of one class
  dropped                                    starts left out, at a rate
  count rate throughput                      of successes: upload.rate>10/s";

/// The end of the help of commands with the flags of a run.
pub(super) fn run(example: &str) -> String {
    [ENVIRONMENT, METRICS, &classes(), &end(example)].join("\n\n")
}

/// The end of the help of the other commands.
pub(super) fn end(example: &str) -> String {
    let statuses = STATUSES.map(|(status, meaning)| hanging(&format!("  {status:5}  "), meaning));
    format!("Exit status:{}\n\nExample:\n  {example}", statuses.concat())
}

fn classes() -> String {
    format!("Classes of failures:{}", hanging("  ", &FailureClass::VARIANTS.join(" ")))
}

/// A line that begins with `start`, continued below the end of that.
fn hanging(start: &str, text: &str) -> String {
    let indent = " ".repeat(start.len());
    format!("\n{start}{}", wrap(text, WIDTH - start.len()).join(&format!("\n{indent}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::threshold::Metric;

    #[test]
    fn the_metrics_are_those_that_thresholds_take() {
        let shown: Vec<_> = METRICS.lines().skip(1).flat_map(|line| line[..43].split_whitespace()).collect();
        for name in &shown {
            let metric = name.replace("CLASS", "shed") + if name.ends_with('.') { "p50" } else { "" };
            assert!(metric.parse::<Metric>().is_ok(), "{name}");
        }
        let known = "nonsense".parse::<Metric>().unwrap_err();
        let (_, known) = known.split_once(": use ").unwrap();
        let words = known.split(|c: char| c.is_whitespace() || ",()".contains(c));
        for name in words.filter(|word| !["", "also", "behind", "or"].contains(word)) {
            assert!(shown.contains(&name), "{name} is not in the help");
        }
    }

    #[test]
    fn every_line_fits_80_columns() {
        let text = run("walrus-stress run");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(FailureClass::VARIANTS.iter().all(|class| text.contains(class)), "{text}");
    }
}
