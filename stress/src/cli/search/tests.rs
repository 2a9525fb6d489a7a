//! Searches against the servers in the bottle, with the generator's own part judged as a test says.

use ::tests::{Bottle, PUT_BLOB, PublisherConfig};
use clap::FromArgMatches;

use super::*;
use crate::{
    cli::{
        args::{Args, Command},
        wording,
    },
    report::trust::Bottleneck,
};

/// Four uploads at once, eight more in waiting, 100 ms each: 40 a second.
fn limited() -> Bottle {
    let limits = |config: &mut PublisherConfig| {
        (config.limits.concurrent, config.limits.buffer) = (4, 8);
        config.weather.store.latency = "100ms".parse().unwrap();
    };
    Bottle::builder().publisher(limits).start()
}

/// What this line of `walrus-stress search` finds.
async fn found(bottle: &Bottle, line: &str, blame: Blame) -> (Vec<Tier>, Answer) {
    let targets = ["--publisher", bottle.publisher_url(), "--aggregator", bottle.aggregator_url(), "-q"];
    let words = ["walrus-stress", "search"].into_iter().chain(targets).chain(line.split_whitespace());
    let words: Vec<std::ffi::OsString> = words.map(Into::into).collect();
    let matches = wording::command().try_get_matches_from(&words).unwrap();
    let typed = Typed::new(words, &matches);
    let Command::Search(args) = Args::from_arg_matches(&matches).unwrap().command else { unreachable!() };
    let search = args.search(&typed).unwrap();
    let (intention, settle, axis) = intend(*args, &typed, &search).unwrap();
    let plan = intention.plan(None).unwrap();
    let search = Search { needs: args::needs(&plan.objectives), ..search };
    let screen = Screen::new(&intention.run.output, &plan);
    let network = Arc::new(Network::new(&plan).unwrap());
    let template = Template { plan, settle, axis };
    let climb = Climb { search: &search, template: &template, network, list: None, entries: None };
    let (tiers, answer, signal) = climb.up(screen, &mut Signals::silent(), blame).await.unwrap();
    assert_eq!(signal, None);
    (tiers, answer)
}

/// The tolerance is that of a busy machine: sheds begin when some nine more have come than went.
#[tokio::test]
async fn a_known_capacity_is_found() {
    let bottle = limited();
    let line = "--steps upload --size 1KiB --slo upload.failures<1% --from 10/s --max 160/s --step 1s --settle 100ms \
                --precision 30%";
    let (tiers, answer) = found(&bottle, line, |_, _| None).await;
    let Answer::Between { holds, breaks } = answer else { panic!("{answer:?}") };
    assert!((10.0..60.0).contains(&holds) && breaks <= 80.0 && breaks <= holds * 1.3, "{answer:?}");
    // What broke was refused, and with what is known of the server's places: 4 + 8 + 1.
    let broke = tiers.iter().filter(|tier| tier.failed > 0);
    assert!(
        broke.clone().count() >= 1 && broke.clone().all(|tier| tier.uploads.at_first_shed >= Some(10)),
        "{tiers:?}"
    );
    // No step met a blob of another one.
    let stats = bottle.publisher_stats();
    let done: u64 = tiers.iter().map(|tier| tier.cost.uploads).sum();
    assert_eq!(stats.route(PUT_BLOB).received, done);
    assert_eq!((stats.stores.already_certified, stats.stores.newly_created > 0), (0, true));
}

#[tokio::test]
async fn a_throttled_generator_ends_the_search_without_a_claim() {
    let bottle = Bottle::start();
    let line = "--steps upload --size 1KiB --slo upload.failures<1% --from 5/s --step 300ms --settle 0s";
    let (tiers, answer) = found(&bottle, line, |_, _| Some(Bottleneck::Cpu)).await;
    assert_eq!((answer, tiers.len()), (Answer::Generator { at: 5.0 }, 1));
    assert_eq!(tiers[0].bottleneck, Some(Bottleneck::Cpu));
}

#[test]
fn each_step_has_a_seed_of_its_own() {
    let seeds: std::collections::BTreeSet<_> = (0..1000).map(|number| seed(7, number)).collect();
    assert_eq!(seeds.len(), 1000);
    assert!(seeds.iter().all(|seed| *seed < 1 << 53));
    assert_eq!((seed(7, 3), seed(8, 3) == seed(7, 3)), (seed(7, 3), false));
}
