//! Searches against mock servers of a known capacity.

use ::tests::{Bottle, PUT_BLOB, PublisherConfig};
use clap::FromArgMatches;

use super::*;
use crate::cli::{
    args::{Args, Command},
    usage,
};

/// Eight uploads at once, as many in waiting and one in between, 200 ms each: 40 a second.
fn limited() -> Bottle {
    let limits = |config: &mut PublisherConfig| {
        (config.limits.concurrent, config.limits.buffer) = (8, 8);
        config.profile.store.latency = "200ms".parse().unwrap();
    };
    Bottle::builder().publisher(limits).start()
}

/// What this line of `walrus-stress search` finds.
async fn found(
    bottle: &Bottle,
    line: &str,
    limit: impl Fn(&QualityReport, Broken) -> Option<Bottleneck>,
) -> (Vec<SearchStep>, SearchResult) {
    let targets = ["--publisher", bottle.publisher_url(), "--aggregator", bottle.aggregator_url(), "-q"];
    let words = ["walrus-stress", "search"].into_iter().chain(targets).chain(line.split_whitespace());
    let matches = usage::command().try_get_matches_from(words).unwrap();
    let Command::Search(args) = Args::from_arg_matches(&matches).unwrap().command else { unreachable!() };
    let search = args.search().unwrap();
    let config = load(&args, &search).unwrap();
    let plan = config.plan(None).unwrap();
    let search = Search { needs: options::needs(&plan.thresholds), ..search };
    let screen = Screen::new(&config.run, &plan);
    let network = Arc::new(Network::new(&plan).unwrap());
    let template = Template { plan, settle: args.settle(), axis: search.axis };
    let steps =
        Steps { search: &search, template: &template, context: RunContext::new(network), entries: None };
    let (steps, answer, signal) = steps.run(screen, &mut Signals::silent(), limit).await.unwrap();
    assert_eq!(signal, None);
    (steps, answer)
}

/// Upwards nothing but the server decides: above 40/s it refuses, and a busy machine's bursts make it refuse more.
/// Downwards the tolerance is that of such bursts: sheds begin when nine more have come than went.
#[tokio::test]
async fn a_known_capacity_is_found() {
    let bottle = limited();
    let line = "--steps upload --size 1KiB --slo upload.failures<1% --from 10/s --max 160/s --step 1500ms \
                --settle 500ms --precision 20%";
    let (steps, answer) = found(&bottle, line, |_, _| None).await;
    let SearchResult::Between { holds, breaks } = answer else { panic!("{answer:?}") };
    assert!((20.0..=48.0).contains(&holds) && breaks <= 57.0 && breaks <= holds * 1.2 + 0.001, "{answer:?}");
    // What broke was refused, and with what is known of the server's places: 8 + 8 + 1.
    let broke = steps.iter().filter(|step| step.failed > 0);
    assert!(
        broke.clone().count() >= 1 && broke.clone().all(|step| step.uploads.at_first_shed >= Some(14)),
        "{steps:?}"
    );
    // No step met a blob of another one.
    let stats = bottle.publisher_stats();
    let done: u64 = steps.iter().map(|step| step.consumed.uploads).sum();
    assert_eq!(stats.route(PUT_BLOB).received, done);
    assert_eq!((stats.stores.already_certified, stats.stores.newly_created > 0), (0, true));
}

/// The generator is never blamed for what the server refuses: neither for a busy machine, nor for the ports of connections.
/// Whether a step that holds is to be believed on such a machine is not tested here.
#[tokio::test]
async fn the_places_of_a_publisher_are_found_whatever_the_generator_lacks() {
    let bottle = limited();
    let line = "--steps upload --size 1KiB --for concurrency --slo upload.failures<1% --from 8 --max 64 --step 600ms \
                --settle 0s --precision 0%";
    let limit = |quality: &QualityReport, broken: Broken| {
        capacity::generator_limit(quality, broken).filter(|_| broken != Broken::None)
    };
    let (steps, answer) = found(&bottle, line, limit).await;
    assert_eq!(answer, SearchResult::Between { holds: 17.0, breaks: 18.0 }, "{steps:?}");
    // Hundreds were refused over connections that stayed open.
    let accepted = bottle.publisher_stats().connections.accepted;
    let refused: u64 = steps.iter().map(|step| step.failed).sum();
    assert!(refused > 100 && accepted < refused, "{accepted} connections, {refused} refused");
}

#[test]
fn each_step_has_a_seed_of_its_own() {
    let seeds: std::collections::BTreeSet<_> = (0..1000).map(|number| seed(7, number)).collect();
    assert_eq!(seeds.len(), 1000);
    assert!(seeds.iter().all(|seed| *seed < 1 << 53));
    assert_eq!((seed(7, 3), seed(8, 3) == seed(7, 3)), (seed(7, 3), false));
}
