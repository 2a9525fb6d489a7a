//! Profiles: what documents and presets mean, what is refused, and that a server's own document can be sent back.

use super::super::{FaultRule, ServiceTime};
use super::*;
use crate::throttle::size_delay;
use strum::IntoEnumIterator;

const ALL: &str = r#"
preset = "testnet"
seed = 42
visible_after = "1s"
not_found = "uniform:1ms..2ms"
drip_for = "5s"

[store]
latency = "lognormal:p50=9s,p99=20s"
body_per_mib = "55ms"

[cached_read]
latency = "twopoint:20ms,1s@5%"

[[fault]]
kind = "503"
ratio = "2%"
route = "read"
size = "1MiB.."
from = "10s"
for = "5s"
after = "17s"

[[fault]]
kind = "reset"
ratio = 0.25

[[stall]]
from = "1m"
for = "2s"
"#;

fn why(text: &str, role: Role) -> String {
    Profile::parse(text, role).unwrap_err().to_string()
}

#[test]
fn a_document_changes_values_of_its_preset() {
    let profile = Profile::parse(ALL, Role::Aggregator).unwrap();
    let rules = ["503=2%,route=read,size=1MiB..,from=10s,for=5s,after=17s", "reset=25%"];
    let rules = rules.map(|rule| rule.parse().unwrap()).to_vec();
    let base = Profile::from(Preset::Testnet);
    let expected = Profile {
        seed: 42,
        visible_after: "1s".parse().unwrap(),
        not_found: "uniform:1ms..2ms".parse().unwrap(),
        drip_for: Duration::from_secs(5),
        store: ServiceTime {
            latency: "lognormal:p50=9s,p99=20s".parse().unwrap(),
            body_per_mib: Duration::from_millis(55),
            ..base.store
        },
        cached_read: ServiceTime { latency: "twopoint:20ms,1s@5%".parse().unwrap(), ..base.cached_read },
        faults: Faults::new(Role::Aggregator, rules).unwrap(),
        stalls: vec!["from=1m,for=2s".parse().unwrap()],
        ..base
    };
    assert_eq!(profile, expected);
    assert_eq!(Profile::parse("", Role::Publisher).unwrap(), Profile::default());
    assert_eq!(Profile::parse(" {} ", Role::Publisher).unwrap(), Profile::default());
}

#[test]
fn a_profile_is_read_back_from_its_own_document() {
    let storm = Profile::parse(ALL, Role::Aggregator).unwrap();
    for profile in Preset::iter().map(Profile::from).chain([storm]) {
        let json = serde_json::to_string(&profile).unwrap();
        assert_eq!(Profile::parse(&json, Role::Aggregator).unwrap(), profile, "{json}");
        let toml = toml::to_string(&profile).unwrap();
        assert_eq!(Profile::parse(&toml, Role::Aggregator).unwrap(), profile, "{toml}");
    }
    let json = serde_json::to_value(Profile::default()).unwrap();
    let time = serde_json::json!({"latency": "fixed:0s", "per_mib": "0s", "body_per_mib": "0s"});
    let expected = serde_json::json!({
        "seed": 0, "visible_after": "fixed:0s", "not_found": "fixed:0s", "unavailable": "fixed:0s",
        "drip_for": "2s", "not_yet_for": "1s", "store": time, "first_read": time, "cached_read": time,
        "fault": [], "stall": [],
    });
    assert_eq!(json, expected);
}

#[test]
fn a_key_that_no_profile_has_is_refused_with_its_line() {
    let rows = [
        ("\nrain = 1", "line 2: unknown field `rain`, expected one of `preset`, `seed`, "),
        (
            "seed = 1\n[store]\nlatancy = \"1s\"",
            "line 3: unknown field `latancy`, expected one of `latency`, ",
        ),
        ("[store]\n\nlatency = \"fast\"", "line 3: `fast` is not a latency ("),
        ("[store]\nlatency = 5", "line 2: invalid type: integer `5`, expected a string"),
        ("preset = \"moon\"", "line 1: `moon` is not a preset: write instant, lan, testnet, mainnet"),
        ("[[fault]]\nkind = \"rain\"\nratio = 1", "line 2: `rain` is not a kind of fault: write shed, "),
        (
            "[[fault]]\nkind = \"500\"\nratio = 1.5",
            "line 3: `1.5` is not a ratio: write a number from 0 to 1 or ",
        ),
        ("\n[[fault]]\nkind = \"500\"", "line 2: missing field `ratio`"),
        ("[[stall]]\nfrom = \"1s\"", "line 1: missing field `for`"),
        ("seed = = 1", "line 1: "),
        ("[[fault]]\nkind = \"413\"\nratio = 1", "a mock aggregator cannot have the fault `413`"),
        ("{\n \"seed\": 1,\n \"rain\": 2}", "unknown field `rain`, expected one of `preset`, `seed`, "),
        ("{\"seed\": 1", "EOF while parsing an object at line 1"),
    ];
    for (text, expected) in rows {
        let why = why(text, Role::Aggregator);
        assert!(why.starts_with(expected) && why.lines().count() == 1, "{text}: {why}");
    }
    assert!(why("{\n \"seed\": 1,\n \"rain\": 2}", Role::Publisher).ends_with("at line 3 column 7"));
}

#[test]
fn the_examples_of_the_readme_are_profiles() {
    let readme = include_str!("../../README.md");
    let example = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let profile = Profile::parse(example, Role::Aggregator).unwrap();
    let rule: FaultRule = "503=0.02,route=read,from=10s,for=5s".parse().unwrap();
    assert_eq!((profile.faults.rules(), profile.seed), (&[rule][..], 7));
    for (_, line) in readme.lines().filter_map(|line| line.split_once("--fault ")) {
        let rule = line.split([' ', '`', '\\']).next().unwrap_or_default();
        assert!(rule.starts_with("KIND") || rule.parse::<FaultRule>().is_ok(), "{line}");
    }
}

#[test]
fn the_readme_has_the_table_of_presets() {
    let readme = include_str!("../../README.md");
    let latency = |latency: &Latency| match latency.to_string().as_str() {
        "fixed:0s" => "at once".to_owned(),
        text => format!("`{text}`"),
    };
    let time = |time: &ServiceTime| match time.per_mib {
        Duration::ZERO => latency(&time.latency),
        per_mib => format!("{} + {}", latency(&time.latency), crate::units::duration_text(per_mib)),
    };
    for preset in Preset::iter() {
        let profile = Profile::from(preset);
        let times =
            [profile.store, profile.first_read, profile.cached_read].map(|step| time(&step)).join(" | ");
        let row = format!(
            "| `{preset}` | {times} | {} | {} |\n",
            latency(&profile.not_found),
            latency(&profile.unavailable)
        );
        assert!(readme.contains(&row), "{row}");
    }
}

#[test]
fn one_document_can_be_for_both_servers() {
    let text = "[[fault]]\nkind = \"413\"\nratio = 1\nroute = \"store\"\n\
        [[fault]]\nkind = \"corrupt\"\nratio = 1\nroute = \"read\"";
    assert_eq!(
        Profile::parse(text, Role::Publisher).unwrap(),
        Profile::parse(text, Role::Aggregator).unwrap()
    );
}

fn quantiles(profile: &Profile, of: &Latency) -> [f64; 3] {
    let mut all: Vec<_> = (0..20_000).map(|n| profile.latency(of, n).as_secs_f64()).collect();
    all.sort_by(f64::total_cmp);
    [all[200], all[10_000], all[19_000]]
}

#[test]
fn presets_of_the_networks_have_the_quoted_quantiles() {
    let mib = |time: &ServiceTime, n: u64| size_delay(time.per_mib, n << 20).as_secs_f64();
    let testnet = Profile::from(Preset::Testnet);
    let [low, median, high] = quantiles(&testnet, &testnet.store.latency);
    assert!(low > 5.0 && (12.0..13.0).contains(&median) && high < 20.0, "{low} {median} {high}");
    assert!((120.0..130.0).contains(&(median + mib(&testnet.store, 124))), "the paper's write of 130 MB");
    let [low, median, high] = quantiles(&testnet, &testnet.first_read.latency);
    assert!(low > 0.8 && (1.3..1.5).contains(&median) && high < 2.0, "{low} {median} {high}");
    assert!((28.0..32.0).contains(&(median + mib(&testnet.first_read, 124))), "the paper's read of 130 MB");
    let mainnet = Profile::from(Preset::Mainnet);
    let [_, median, high] = quantiles(&mainnet, &mainnet.store.latency);
    assert!((9.5..10.5).contains(&median) && (19.0..21.0).contains(&high), "{median} {high}");
    assert!((490.0..510.0).contains(&(high + mib(&mainnet.store, 500))));
    let [_, median, high] = quantiles(&mainnet, &mainnet.first_read.latency);
    assert!((1.2..1.3).contains(&median) && (1.9..2.1).contains(&high), "{median} {high}");
    assert!((108.0..112.0).contains(&(high + mib(&mainnet.first_read, 500))));
    for profile in [testnet, mainnet] {
        assert!(quantiles(&profile, &profile.unavailable)[0] >= 17.0);
        let cached = quantiles(&profile, &profile.cached_read.latency);
        assert!(cached[0] > 0.01 && cached[2] < 0.1, "tens of milliseconds: {cached:?}");
        assert!(quantiles(&profile, &profile.not_found)[2] < 1.0);
    }
}

#[test]
fn instant_has_no_latency_and_no_fault() {
    let profile = Profile::default();
    assert_eq!([profile.store, profile.first_read, profile.cached_read], [ServiceTime::default(); 3]);
    assert_eq!(
        [profile.not_found, profile.unavailable, profile.visible_after],
        [Latency::Fixed(Duration::ZERO); 3]
    );
    assert!(profile.faults.rules().is_empty() && profile.stalls.is_empty());
}

#[test]
fn of_two_stalls_the_longer_one_counts() {
    let stalls = ["from=1s,for=4s", "from=3s,for=1s"].map(|text| text.parse().unwrap());
    let profile = Profile { stalls: stalls.to_vec(), ..Profile::default() };
    let s = Duration::from_secs;
    assert_eq!(
        [0, 1, 3, 4, 5].map(|at| profile.stall_end(s(at))),
        [None, Some(s(5)), Some(s(5)), Some(s(5)), None]
    );
    assert_eq!(Profile::default().stall_end(s(2)), None);
}

#[test]
fn an_overlay_changes_what_it_has_and_adds_faults_and_stalls() {
    let base = Profile::parse(ALL, Role::Aggregator).unwrap();
    assert_eq!(
        base.overlay(&serde_json::json!({"seed": null, "store": {"latency": null}, "stall": []})).unwrap(),
        base
    );
    let changes = serde_json::json!({"store": {"per_mib": "3s"}, "stall": [{"for": "1s"}]});
    let changed = base.overlay(&changes).unwrap();
    let stalls = [base.stalls.clone(), vec!["for=1s".parse().unwrap()]].concat();
    let store = ServiceTime { per_mib: Duration::from_secs(3), ..base.store };
    assert_eq!(changed, Profile { store, stalls, ..base.clone() });
    assert!(
        base.overlay(&serde_json::json!({"rain": 1}))
            .unwrap_err()
            .to_string()
            .starts_with("unknown field `rain`")
    );
}
