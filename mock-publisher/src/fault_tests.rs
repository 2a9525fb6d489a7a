//! The tables that hold the decisions about faults.

use super::*;

fn faults(role: Role, texts: &[&str]) -> Result<Faults, BadFault> {
    Faults::new(role, texts.iter().map(|text| text.parse().unwrap()).collect())
}

#[test]
fn a_ratio_is_a_number_or_a_percentage() {
    let rows =
        [("shed=0.1", Fault::Shed, 0.1), ("500=12.5%", Fault::Internal, 0.125), ("hang=1", Fault::Hang, 1.0)];
    for (text, fault, ratio) in rows {
        assert_eq!(text.parse(), Ok(FaultSpec { fault, ratio }), "{text}");
    }
}

#[test]
fn a_fault_that_cannot_be_had_is_refused_with_the_list_of_those_that_can() {
    let texts = [
        ("reset", "`reset` is not a fault: write KIND=RATIO, for instance reset=1% or 500=0.05"),
        (
            "rain=1%",
            "there is no fault called `rain`; the kinds are shed, 500, 503, 504, not-yet, reset, truncate, corrupt, \
             malformed-json, error-object, drip, hang, 403, 404, 413, 451, insufficient-funds, 502, 520, 522, 524",
        ),
        ("reset=101%", "`101%` is not a ratio from 0 to 1 or a percentage from 0% to 100%"),
        ("reset=-1", "`-1` is not a ratio from 0 to 1 or a percentage from 0% to 100%"),
        ("reset=NaN", "`NaN` is not a ratio from 0 to 1 or a percentage from 0% to 100%"),
    ];
    for (text, message) in texts {
        assert_eq!(text.parse::<FaultSpec>().unwrap_err().to_string(), message);
    }
    let sets: [(Role, &[&str], &str); 4] = [
        (
            Role::Publisher,
            &["corrupt=1%"],
            "a mock publisher cannot have the fault `corrupt`; it has shed, 500, 503, 504, reset, truncate, \
             malformed-json, error-object, drip, hang, 413, insufficient-funds, 502, 520, 522, 524",
        ),
        (
            Role::Aggregator,
            &["error-object=1%"],
            "a mock aggregator cannot have the fault `error-object`; it has shed, 500, 503, 504, not-yet, reset, \
             truncate, corrupt, drip, hang, 403, 404, 451, 502, 520, 522, 524",
        ),
        (Role::Publisher, &["hang=1%", "hang=2%"], "the fault `hang` is given twice"),
        (
            Role::Publisher,
            &["hang=60%", "reset=0.5"],
            "the ratios of the faults add up to 110.0%: one request meets one fault, so at most 100%",
        ),
    ];
    for (role, texts, message) in sets {
        assert_eq!(faults(role, texts).unwrap_err().to_string(), message);
    }
}

#[test]
fn each_fault_gets_its_share_of_the_requests_and_no_request_two() {
    let mixed = faults(Role::Publisher, &["hang=5%", "reset=10%", "500=25%", "shed=0"]).unwrap();
    let count = |wanted| (0..10_000).filter(|n| mixed.which(42, *n) == wanted).count() as f64 / 10_000.0;
    for (fault, share) in
        [(Some(Fault::Hang), 0.05), (Some(Fault::Reset), 0.1), (Some(Fault::Internal), 0.25), (None, 0.6)]
    {
        assert!((count(fault) - share).abs() < 0.015, "{fault:?} {}", count(fault));
    }
    assert_eq!(count(Some(Fault::Shed)), 0.0);
}

#[test]
fn the_decision_depends_on_seed_and_number_alone() {
    let one = faults(Role::Aggregator, &["reset=30%", "corrupt=30%"]).unwrap();
    let other = faults(Role::Aggregator, &["corrupt=30%", "reset=30%"]).unwrap();
    let row = |faults: &Faults, seed| (0..64).map(|n| faults.which(seed, n)).collect::<Vec<_>>();
    assert_eq!(row(&one, 1), row(&other, 1));
    assert_ne!(row(&one, 1), row(&one, 2));
    let all = faults(Role::Aggregator, &["hang=100%"]).unwrap();
    assert!((0..1000).all(|n| all.which(3, n) == Some(Fault::Hang)));
    assert!((0..1000).all(|n| Faults::default().which(3, n).is_none()));
}

#[test]
fn lateness_is_a_property_of_the_blob() {
    let late = faults(Role::Aggregator, &["not-yet=50%"]).unwrap();
    let ids: Vec<_> = (0..200_u8).map(|byte| BlobId::from_bytes([byte; 32])).collect();
    let share = ids.iter().filter(|id| late.is_late(1, id)).count();
    assert!((70..130).contains(&share), "{share}");
    assert!(ids.iter().all(|id| late.is_late(1, id) == late.is_late(1, id)));
    assert!(ids.iter().all(|id| !Faults::default().is_late(1, id)));
    assert!((0..100).all(|n| late.which(1, n).is_none()), "a late blob is not a fault of the request number");
}
