//! Documents about the weather: what they mean, what they must not say, and that they can be sent back as they came.

use super::*;

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
fn a_document_says_what_is_different_from_its_preset() {
    let profile = Profile::parse(ALL, Role::Aggregator).unwrap();
    let rules = ["503=2%,route=read,size=1MiB..,from=10s,for=5s,after=17s", "reset=25%"];
    let rules = rules.map(|rule| rule.parse().unwrap()).to_vec();
    let base = Preset::Testnet.profile();
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
fn what_a_server_tells_can_be_said_to_it() {
    let storm = Profile::parse(ALL, Role::Aggregator).unwrap();
    let presets =
        ["instant", "lan", "testnet", "mainnet"].map(|name| name.parse::<Preset>().unwrap().profile());
    for profile in presets.into_iter().chain([storm]) {
        let json = serde_json::to_string(&profile.document()).unwrap();
        assert_eq!(Profile::parse(&json, Role::Aggregator).unwrap(), profile, "{json}");
        let toml = toml::to_string(&profile.document()).unwrap();
        assert_eq!(Profile::parse(&toml, Role::Aggregator).unwrap(), profile, "{toml}");
    }
    let json = serde_json::to_value(Profile::default().document()).unwrap();
    let pace = serde_json::json!({"latency": "fixed:0s", "per_mib": "0s", "body_per_mib": "0s"});
    let expected = serde_json::json!({
        "seed": 0, "visible_after": "fixed:0s", "not_found": "fixed:0s", "unavailable": "fixed:0s",
        "drip_for": "2s", "not_yet_for": "1s", "store": pace, "first_read": pace, "cached_read": pace,
        "fault": [], "stall": [],
    });
    assert_eq!(json, expected);
}

#[test]
fn whatever_is_not_weather_is_refused_with_its_line() {
    let rows = [
        ("\nrain = 1", "line 2: unknown field `rain`, expected one of `preset`, `seed`, "),
        (
            "seed = 1\n[store]\nlatancy = \"1s\"",
            "line 3: unknown field `latancy`, expected one of `latency`, ",
        ),
        ("[store]\n\nlatency = \"fast\"", "line 3: `fast` is not a latency ("),
        ("[store]\nlatency = 5", "line 2: invalid type: integer `5`, expected text in quotation marks"),
        ("preset = \"moon\"", "line 1: there is no weather called `moon`"),
        ("[[fault]]\nkind = \"rain\"\nratio = 1", "line 2: there is no fault called `rain`"),
        ("[[fault]]\nkind = \"500\"\nratio = 1.5", "line 3: `1.5` is not a ratio from 0 to 1"),
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
fn the_example_of_the_readme_is_weather() {
    let readme = include_str!("../../../README.md");
    let example =
        readme.split("```toml\npreset = ").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let profile = Profile::parse(&format!("preset = {example}"), Role::Aggregator).unwrap();
    let rules: Vec<_> = profile.faults.rules().iter().map(ToString::to_string).collect();
    assert_eq!((rules.join(" "), profile.seed), ("503=0.02,route=read,from=10s,for=5s".to_owned(), 7));
    for (_, line) in readme.lines().filter_map(|line| line.split_once("--fault ")) {
        let rule = line.split([' ', '`', '\\']).next().unwrap_or_default();
        assert!(rule.starts_with("KIND") || rule.parse::<Rule>().is_ok(), "{line}");
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
