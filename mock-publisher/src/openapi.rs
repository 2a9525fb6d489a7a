//! The answer of `/v1/api`: a Redoc page around an OpenAPI document, as the real servers have it. Their document misnames
//! fields; this one has the names that are sent.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The description of the routes of one part of a server.
#[derive(Debug, Clone, Deserialize)]
struct Part {
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
}

/// What every server describes.
const COMMON: &str = include_str!("openapi/common.json");
/// What a publisher describes.
pub const PUBLISHER: &str = include_str!("openapi/publisher.json");

/// The page of a server that consists of these parts, each a document of `paths` and `schemas`.
///
/// # Errors
/// A part that is not such a document.
pub fn page(title: &str, parts: &[&str]) -> Result<String, serde_json::Error> {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for text in parts.iter().chain([&COMMON]) {
        let part: Part = serde_json::from_str(text)?;
        paths.extend(part.paths);
        schemas.extend(part.schemas);
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": title, "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": { "schemas": schemas },
    });
    // The document must not close the script element around it.
    Ok(PAGE.replace("DOCUMENT", &document.to_string().replace("</", "<\\/")))
}

/// The page around the document; the script that renders it comes from the network, as with the real ones.
const PAGE: &str = r#"<!DOCTYPE html>
<html>
<head>
<title>Redoc</title>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body { margin: 0; padding: 0; }</style>
</head>
<body>
<div id="redoc-container"></div>
<script src="https://cdn.redoc.ly/redoc/latest/bundles/redoc.standalone.js"></script>
<script>
Redoc.init(
DOCUMENT,
{},
document.getElementById("redoc-container")
);
</script>
</body>
</html>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_inside_the_page_and_cannot_leave_it() {
        let own = r#"{"paths":{"/x":{"get":{"summary":"</script>"}}},"schemas":{}}"#;
        let page = page("Title", &[own]).unwrap();
        assert_eq!(page.matches("</script>").count(), 2, "that of the page itself");
        let line = page.lines().find(|line| line.starts_with('{')).unwrap();
        let document: Value = serde_json::from_str(line.trim_end_matches(',')).unwrap();
        assert_eq!(document["info"]["title"], "Title");
        assert_eq!(document["paths"]["/x"]["get"]["summary"], "</script>");
        assert!(
            document["paths"]["/status"].is_object()
                && document["components"]["schemas"]["Failure"].is_object()
        );
        assert!(super::page("Title", &["{}"]).is_err());
    }
}
