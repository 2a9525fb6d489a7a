//! Which fault a request gets, and which rules a server refuses.

use super::*;

const S: Duration = Duration::from_secs(1);

fn faults(role: Role, texts: &[&str]) -> Result<Faults, FaultsError> {
    Faults::new(role, texts.iter().map(|text| text.parse().unwrap()).collect())
}

fn on(route_kind: RouteKind) -> RequestContext {
    RequestContext { route_kind, size: Some(1000), at: Duration::ZERO }
}

fn kind(faults: &Faults, seed: u64, n: u64, on: &RequestContext) -> Option<Fault> {
    faults.choose(seed, n, on).map(|chosen| chosen.fault)
}

#[test]
fn rules_that_a_server_cannot_have_are_refused_with_the_reason() {
    let sets: [(Role, &[&str], &str); 10] = [
        (
            Role::Publisher,
            &["corrupt=1%"],
            "a mock publisher cannot have the fault `corrupt`; it has shed, 500, 503, 504, reset, truncate, \
             malformed-json, error-object, drip, hang, 413, insufficient-funds, 502, gateway-504, 520, 521, 522, 523, \
             524",
        ),
        (
            Role::Aggregator,
            &["error-object=1%"],
            "a mock aggregator cannot have the fault `error-object`; it has shed, 500, 503, 504, not-yet, reset, \
             truncate, corrupt, drip, hang, 403, 404, 451, 502, gateway-504, 520, 521, 522, 523, 524",
        ),
        (
            Role::Aggregator,
            &["413=1%,route=read"],
            "a mock aggregator cannot have the fault `413`; it has shed, 500, 503, 504, not-yet, reset, \
             truncate, corrupt, drip, hang, 403, 404, 451, 502, gateway-504, 520, 521, 522, 523, 524",
        ),
        (Role::Publisher, &["hang=1%", "hang=2%"], "the fault `hang` is given twice for the same requests"),
        (
            Role::Publisher,
            &["hang=1%,for=1s", "hang=2%", "hang=1%,for=1s"],
            "the fault `hang` is given twice for the same requests",
        ),
        (
            Role::Publisher,
            &["hang=60%", "reset=0.5"],
            "the ratios of the faults add up to 110.0%: a request gets at most one, so lower them to 100%",
        ),
        (
            Role::Publisher,
            &["hang=60%,from=1s", "reset=0.5,size=1MiB..", "500=10%,from=2s,for=1s,route=store"],
            "the ratios of the faults add up to 120.0%: a request gets at most one, so lower them to 100%",
        ),
        (
            Role::Publisher,
            &["drip=1%,after=1s"],
            "the fault `drip` has no answer of its own that `after` could delay: leave `after` out",
        ),
        (
            Role::Aggregator,
            &["shed=1%,size=1KiB.."],
            "the fault `shed` cannot depend on a size here: a full aggregator answers before it looks at the blob",
        ),
        (
            Role::Aggregator,
            &["500=1%,size=1KiB..,route=concat"],
            "the fault `500` cannot depend on a size here: a concat has no size before it is sent",
        ),
    ];
    for (role, texts, message) in sets {
        assert_eq!(faults(role, texts).unwrap_err().to_string(), message);
    }
}

#[test]
fn rules_that_no_request_matches_together_may_each_be_certain() {
    let rows: [&[&str]; 4] = [
        &["hang=1,route=store", "hang=1,route=store-quilt"],
        &["hang=1,size=..1KiB", "reset=1,size=1KiB.."],
        &["hang=1,for=1s", "reset=1,from=1s,for=1s", "500=1,from=2s"],
        &["hang=1,route=store", "corrupt=1,route=read"],
    ];
    for texts in rows {
        assert!(faults(Role::Publisher, texts).is_ok(), "{texts:?}");
    }
}

#[test]
fn each_request_gets_the_fault_of_the_rule_that_matches() {
    let texts = [
        "hang=1,route=store-quilt",
        "reset=1,route=store,size=1KiB..",
        "500=1,route=store,size=..1KiB,from=10s,for=5s",
        "504=1,route=store,size=..1KiB,from=20s,after=3s",
    ];
    let faults = faults(Role::Publisher, &texts).unwrap();
    let rows = [
        (RouteKind::StoreQuilt, None, 0, Some(Fault::Hang)),
        (RouteKind::Store, None, 0, None),
        (RouteKind::Store, Some(1024), 0, Some(Fault::Reset)),
        (RouteKind::Store, Some(1023), 9, None),
        (RouteKind::Store, Some(1023), 10, Some(Fault::Internal)),
        (RouteKind::Store, Some(1023), 14, Some(Fault::Internal)),
        (RouteKind::Store, Some(1023), 15, None),
        (RouteKind::Store, Some(1023), 999, Some(Fault::Timeout)),
        (RouteKind::Read, Some(1024), 10, None),
    ];
    for (n, (route_kind, size, at, fault)) in (0..).zip(rows) {
        let on = RequestContext { route_kind, size, at: at * S };
        let chosen = faults.choose(5, n, &on);
        assert_eq!(chosen.map(|chosen| chosen.fault), fault, "{on:?}");
        assert_eq!(chosen.and_then(|chosen| chosen.after), (fault == Some(Fault::Timeout)).then_some(3 * S));
    }
    assert!(faults.depends_on_size());
    let plain = super::tests::faults(Role::Publisher, &["hang=1,route=store"]).unwrap();
    assert!(!plain.depends_on_size());
}

#[test]
fn a_daemon_keeps_the_faults_of_each_half() {
    let stores = faults(Role::Publisher, &["500=1"]).unwrap();
    let reads = faults(Role::Aggregator, &["451=1,route=read", "404=1,route=stream"]).unwrap();
    let both = stores.clone().and(reads);
    let chosen =
        [RouteKind::Store, RouteKind::StoreQuilt, RouteKind::Read, RouteKind::Stream, RouteKind::Concat]
            .map(|route| kind(&both, 1, 0, &on(route)));
    let (internal, blocked, absent) = (Some(Fault::Internal), Some(Fault::Blocked), Some(Fault::NotFound));
    assert_eq!(chosen, [internal, internal, blocked, absent, None]);
    assert_eq!(stores.clone().and(stores.clone()), stores);
    let all = faults(Role::Daemon, &["corrupt=1", "413=1"]).unwrap();
    assert_eq!(
        [RouteKind::Store, RouteKind::Read].map(|route| kind(&all, 1, 0, &on(route))),
        [Some(Fault::PayloadTooLarge), Some(Fault::Corrupt)]
    );
}

#[test]
fn each_fault_gets_its_share_of_the_requests_and_no_request_two() {
    let mixed = faults(Role::Publisher, &["hang=5%", "reset=10%", "500=25%", "shed=0"]).unwrap();
    let on = on(RouteKind::Store);
    let count =
        |wanted| (0..10_000).filter(|n| kind(&mixed, 42, *n, &on) == wanted).count() as f64 / 10_000.0;
    for (fault, share) in
        [(Some(Fault::Hang), 0.05), (Some(Fault::Reset), 0.1), (Some(Fault::Internal), 0.25), (None, 0.6)]
    {
        assert!((count(fault) - share).abs() < 0.015, "{fault:?} {}", count(fault));
    }
    assert_eq!(count(Some(Fault::Shed)), 0.0);
}

#[test]
fn a_rule_for_a_period_adds_to_one_without() {
    let storm = faults(Role::Publisher, &["hang=10%", "hang=50%,from=1s,for=1s"]).unwrap();
    let share = |at| {
        let on = RequestContext { at: at * S, ..on(RouteKind::Store) };
        (0..10_000).filter(|n| kind(&storm, 1, *n, &on).is_some()).count() as f64 / 10_000.0
    };
    for (at, expected) in [(0, 0.1), (1, 0.6), (2, 0.1)] {
        assert!((share(at) - expected).abs() < 0.015, "{at} {}", share(at));
    }
}

#[test]
fn the_choice_of_a_fault_depends_only_on_seed_and_number() {
    let one = faults(Role::Aggregator, &["reset=30%", "corrupt=30%"]).unwrap();
    let other = faults(Role::Aggregator, &["corrupt=30%", "reset=30%"]).unwrap();
    let on = on(RouteKind::Read);
    let row = |faults: &Faults, seed| (0..64).map(|n| kind(faults, seed, n, &on)).collect::<Vec<_>>();
    assert_eq!(row(&one, 1), row(&other, 1));
    assert_ne!(row(&one, 1), row(&one, 2));
    let all = faults(Role::Aggregator, &["hang=100%"]).unwrap();
    assert!((0..1000).all(|n| kind(&all, 3, n, &on) == Some(Fault::Hang)));
    assert!((0..1000).all(|n| Faults::default().choose(3, n, &on).is_none()));
}

#[test]
fn not_yet_is_a_property_of_the_blob() {
    let late = faults(Role::Aggregator, &["not-yet=50%,route=read"]).unwrap();
    let on = on(RouteKind::Read);
    let ids: Vec<_> = (0..200_u8).map(|byte| BlobId::from_bytes([byte; 32])).collect();
    let share = ids.iter().filter(|id| late.is_not_yet_readable(1, id, &on)).count();
    assert!((70..130).contains(&share), "{share}");
    assert!(
        ids.iter().all(|id| late.is_not_yet_readable(1, id, &on) == late.is_not_yet_readable(1, id, &on))
    );
    assert!(ids.iter().all(|id| !late.is_not_yet_readable(
        1,
        id,
        &RequestContext { route_kind: RouteKind::Stream, ..on }
    )));
    assert!(ids.iter().all(|id| !Faults::default().is_not_yet_readable(1, id, &on)));
    assert!((0..100).all(|n| late.choose(1, n, &on).is_none()), "it is no fault of a request number");
}
