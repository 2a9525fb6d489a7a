//! The counts of a mock server (`GET /mock/stats`); the field names are known here alone.

use serde_json::Value;

use super::http;
use crate::{
    deadline::Deadline,
    failure::{Context, Result},
};

/// The counts of one mock server at one moment.
pub(crate) struct Stats(Value);

/// The requests that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// A blob is stored.
    Store,
    /// A blob is read by its ID.
    Read,
}

impl Route {
    fn is(self, name: &str) -> bool {
        match self {
            Route::Store => name == "PUT /v1/blobs",
            Route::Read => name.starts_with("GET /v1/blobs/{"),
        }
    }
}

impl Stats {
    /// Asks the server at `base`.
    pub(crate) fn ask(base: &str, deadline: Deadline) -> Result<Self> {
        http::get_json(base, "/mock/stats", deadline).map(Self)
    }

    /// Requests that came in.
    pub(crate) fn requests(&self, route: Route) -> Result<u64> {
        self.sum(route, "received")
    }

    /// Requests that were turned away because the server was full.
    pub(crate) fn shed(&self, route: Route) -> Result<u64> {
        self.sum(route, "shed")
    }

    /// Bytes of request bodies that came in.
    pub(crate) fn bytes_in(&self, route: Route) -> Result<u64> {
        self.sum(route, "bytes_in")
    }

    /// Bytes of response bodies that went out.
    pub(crate) fn bytes_out(&self, route: Route) -> Result<u64> {
        self.sum(route, "bytes_out")
    }

    /// Faults of this kind that were injected.
    pub(crate) fn faults(&self, kind: &str) -> Result<u64> {
        let faults = self.0["faults"].as_object().context("the stats have no `faults`")?;
        Ok(faults.get(kind).and_then(Value::as_u64).unwrap_or(0))
    }

    /// Stores that made something new.
    pub(crate) fn newly_created(&self) -> Result<u64> {
        self.0["stores"]["newly_created"].as_u64().context("the stats have no `stores.newly_created`")
    }

    /// Stores of what was there already.
    pub(crate) fn already_certified(&self) -> Result<u64> {
        self.0["stores"]["already_certified"].as_u64().context("the stats have no `stores.already_certified`")
    }

    /// A count of a route; 0 for a route without requests.
    fn sum(&self, route: Route, field: &str) -> Result<u64> {
        let routes = self.0["requests"].as_object().context("the stats have no `requests`")?;
        let counts =
            routes.iter().filter(|(name, _)| route.is(name)).map(|(_, counts)| counts[field].as_u64());
        counts.map(|count| count.context(format!("the stats of a route have no `{field}`"))).sum()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_are_read_by_route() {
        let stats = Stats(json!({
            "requests": {
                "PUT /v1/blobs": {"received": 5, "shed": 2},
                "GET /v1/blobs/{blob_id}": {"received": 7},
                "GET /status": {"received": 1},
            },
            "faults": {"reset": 3},
            "stores": {"newly_created": 4, "already_certified": 1},
        }));
        assert_eq!(stats.requests(Route::Store).unwrap(), 5);
        assert_eq!(stats.requests(Route::Read).unwrap(), 7);
        assert_eq!(stats.shed(Route::Store).unwrap(), 2);
        assert_eq!((stats.faults("reset").unwrap(), stats.faults("hang").unwrap()), (3, 0));
        assert_eq!((stats.newly_created().unwrap(), stats.already_certified().unwrap()), (4, 1));
        assert_eq!(stats.shed(Route::Read).unwrap_err().to_string(), "the stats of a route have no `shed`");
    }

    #[test]
    fn a_route_without_requests_counts_0_and_missing_stats_are_a_failure() {
        assert_eq!(Stats(json!({"requests": {}})).requests(Route::Store).unwrap(), 0);
        assert!(Stats(json!({})).requests(Route::Store).is_err());
        assert!(Stats(json!({})).faults("reset").is_err());
    }
}
