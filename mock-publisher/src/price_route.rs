//! `/mock/prices`: what storage costs, which the network votes anew for every epoch, and which a test changes in the
//! middle of a run.

use crate::chain::Prices;
use crate::publisher::Publisher;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// The body of a `POST`: JSON in FROST, such as `{"storage": 200000}`; a price that is left out stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceChange {
    storage: Option<u64>,
    write: Option<u64>,
}

impl PriceChange {
    fn applied_to(self, prices: Prices) -> Prices {
        Prices { storage: self.storage.unwrap_or(prices.storage), write: self.write.unwrap_or(prices.write) }
    }
}

/// `GET`: the prices now.
pub(crate) async fn prices(State(publisher): State<Publisher>) -> Json<Prices> {
    Json(publisher.prices())
}

/// `POST`: changes prices for all blobs that are registered from now on, and answers with the new ones.
pub(crate) async fn change_prices(State(publisher): State<Publisher>, text: String) -> Response {
    match serde_json::from_str::<PriceChange>(&text) {
        Ok(change) => {
            publisher.set_prices(change.applied_to(publisher.prices()));
            prices(State(publisher)).await.into_response()
        }
        Err(error) => {
            let usage = r#"write {"storage": FROST, "write": FROST}, or one of the two"#;
            (StatusCode::BAD_REQUEST, format!("the prices are unchanged: {error}: {usage}\n")).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_that_is_left_out_stays() {
        let before = Prices { storage: 1, write: 2 };
        let rows = [
            (PriceChange::default(), before),
            (PriceChange { storage: Some(7), write: None }, Prices { storage: 7, write: 2 }),
            (PriceChange { storage: None, write: Some(0) }, Prices { storage: 1, write: 0 }),
        ];
        for (change, after) in rows {
            assert_eq!(change.applied_to(before), after, "{change:?}");
        }
    }
}
