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
    Weather::parse(text, role).unwrap_err().to_string()
}

#[test]
fn a_document_says_what_is_different_from_its_preset() {
    let weather = Weather::parse(ALL, Role::Aggregator).unwrap();
    let rules = ["503=2%,route=read,size=1MiB..,from=10s,for=5s,after=17s", "reset=25%"];
    let rules = rules.map(|rule| rule.parse().unwrap()).to_vec();
    let base = Preset::Testnet.weather();
    let expected = Weather {
        seed: 42,
        visible_after: "1s".parse().unwrap(),
        not_found: "uniform:1ms..2ms".parse().unwrap(),
        drip_for: Duration::from_secs(5),
        store: Pace {
            latency: "lognormal:p50=9s,p99=20s".parse().unwrap(),
            body_per_mib: Duration::from_millis(55),
            ..base.store
        },
        cached_read: Pace { latency: "twopoint:20ms,1s@5%".parse().unwrap(), ..base.cached_read },
        faults: Faults::new(Role::Aggregator, rules).unwrap(),
        stalls: vec!["from=1m,for=2s".parse().unwrap()],
        ..base
    };
    assert_eq!(weather, expected);
    assert_eq!(Weather::parse("", Role::Publisher).unwrap(), Weather::default());
    assert_eq!(Weather::parse(" {} ", Role::Publisher).unwrap(), Weather::default());
}

#[test]
fn what_a_server_tells_can_be_said_to_it() {
    let storm = Weather::parse(ALL, Role::Aggregator).unwrap();
    let presets =
        ["instant", "lan", "testnet", "mainnet"].map(|name| name.parse::<Preset>().unwrap().weather());
    for weather in presets.into_iter().chain([storm]) {
        let json = serde_json::to_string(&weather.document()).unwrap();
        assert_eq!(Weather::parse(&json, Role::Aggregator).unwrap(), weather, "{json}");
        let toml = toml::to_string(&weather.document()).unwrap();
        assert_eq!(Weather::parse(&toml, Role::Aggregator).unwrap(), weather, "{toml}");
    }
    let json = serde_json::to_value(Weather::default().document()).unwrap();
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
    let weather = Weather::parse(&format!("preset = {example}"), Role::Aggregator).unwrap();
    let rules: Vec<_> = weather.faults.rules().iter().map(ToString::to_string).collect();
    assert_eq!((rules.join(" "), weather.seed), ("503=0.02,route=read,from=10s,for=5s".to_owned(), 7));
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
        Weather::parse(text, Role::Publisher).unwrap(),
        Weather::parse(text, Role::Aggregator).unwrap()
    );
}
