//! Metrics of a run while it goes on: one page for whoever scrapes it, made anew only as often as there is news.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, header, server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

use crate::{export::prometheus, metrics::snapshot::Snapshot, plan::Plan};

/// How long a page is as good as a new one: shards pin up news no more often.
const FRESH: Duration = Duration::from_millis(200);

/// How many scrapers are heard at a time.
const SCRAPERS: usize = 16;

/// How long a scraper may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);

/// How to look at the run.
pub type Look = Box<dyn Fn() -> Snapshot + Send + Sync>;

/// A server of `/metrics`.
pub struct Scrape {
    listener: TcpListener,
    page: Arc<Page>,
}

/// The page and when it was made.
struct Page {
    plan: Arc<Plan>,
    look: Look,
    made: Mutex<Option<(Instant, String)>>,
}

impl Scrape {
    /// Listens at `address`; port 0 takes any that is free.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn bind(address: SocketAddr, plan: Arc<Plan>, look: Look) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { listener, page: Arc::new(Page { plan, look, made: Mutex::default() }) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until dropped.
    pub async fn serve(self) -> Infallible {
        let places = Arc::new(Semaphore::new(SCRAPERS));
        let mut scrapers = JoinSet::new();
        loop {
            while scrapers.try_join_next().is_some() {}
            let place = places.clone().acquire_owned().await.expect("nobody closes the semaphore");
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let page = self.page.clone();
                    scrapers.spawn(async move {
                        answer(stream, page).await;
                        drop(place);
                    });
                }
                // Out of descriptors, most likely: the load has them, and goes first.
                Err(_) => tokio::time::sleep(FRESH).await,
            }
        }
    }
}

/// Answers one scraper until it leaves. What goes wrong with it is its own affair.
async fn answer(stream: TcpStream, page: Arc<Page>) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = respond(&request, &page);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    let _ = connection.await;
}

fn respond(request: &Request<Incoming>, page: &Page) -> Response<String> {
    let (status, kind, text) = match (request.uri().path(), request.method()) {
        ("/metrics", &Method::GET | &Method::HEAD) => (StatusCode::OK, prometheus::CONTENT_TYPE, page.text()),
        ("/metrics", _) => {
            (StatusCode::METHOD_NOT_ALLOWED, "text/plain", "only GET and HEAD are answered here\n".to_owned())
        }
        _ => (StatusCode::NOT_FOUND, "text/plain", "the metrics are at /metrics\n".to_owned()),
    };
    let mut response = Response::new(text);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
    }
    response
}

impl Page {
    /// The page, made anew when there may be news.
    fn text(&self) -> String {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match &*made {
            Some((at, text)) if at.elapsed() < FRESH => text.clone(),
            _ => {
                let text = prometheus::snapshot(&self.plan, &(self.look)());
                *made = Some((Instant::now(), text.clone()));
                text
            }
        }
    }
}
