//! One worker's access to the targets: uploads and reads, each over a connection that nobody else uses.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use http_body::Body as _;
use hyper::{
    HeaderMap, Method, Request, Response, Uri, Version,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
    http::response::Parts,
};

use super::{
    Exchange,
    body::Body,
    classify::{self, Answer, Breakage},
    connection::{Connection, closes},
    course::{Course, Part},
    dial::dial,
    evidence,
    network::{Endpoint, Network},
    receive::{self, End, Fault},
    retry_after,
    timer::Timer,
    wire,
};
use crate::{
    blob::{Source, Verifier},
    plan::Verify,
    sample::{Failure, Link, Stored},
};

/// The most bytes of an error that are read.
const MAX_ERROR: usize = 64 * 1024;
/// The most bytes of a publisher's answer that are read.
const MAX_ANSWER: usize = 1024 * 1024;

/// A kept-open connection, if there is one; boxed, since it goes from hand to hand with every exchange.
type Slot = Option<Box<Connection>>;

/// One worker's access to the targets: at most one kept-open connection to each.
///
/// A future of [`Client::upload`] or [`Client::read`] may be dropped at any time: its connection is dropped with it.
#[derive(Debug)]
pub struct Client {
    network: Arc<Network>,
    publishers: Vec<Slot>,
    aggregators: Vec<Slot>,
    timer: Timer,
    course: Course,
}

impl Client {
    /// A client without connections.
    pub fn new(network: Arc<Network>) -> Client {
        let none = |endpoints: &[Endpoint]| endpoints.iter().map(|_| None).collect();
        Client {
            publishers: none(&network.publishers),
            aggregators: none(&network.aggregators),
            timer: Timer::default(),
            course: Course::new(),
            network,
        }
    }

    /// Stores a blob at the publisher of this number.
    pub async fn upload(&mut self, publisher: usize, source: Source) -> Exchange<Stored> {
        let Client { network, publishers, timer, course, .. } = self;
        let endpoint = &network.publishers[publisher];
        let (size, patience) = (source.remaining(), endpoint.courtesy.patience());
        let mut request = request(Method::PUT, endpoint.store.clone(), &endpoint.headers);
        if size == 0 {
            // hyper names the length of a body, but not that of none.
            request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        } else if let Some(patience) = &patience {
            patience.announce(&mut request);
        }
        *request.body_mut() = Body::blob(source, Arc::clone(&course.meter), patience);
        let lane =
            Lane { endpoint, slot: &mut publishers[publisher], connect: network.limits.connect_timeout };
        course.start(size);
        let (started, limit) = (course.started, network.limits.upload_timeout);
        // Pinned where it is made: it is too large to be moved once more.
        let result = {
            let exchange = pin!(lane.store(request, course));
            timer.bound(started, limit, exchange).await
        };
        course.end(result.unwrap_or_else(|| Err(late(course, limit))))
    }

    /// Reads a blob from the aggregator of this number; `verifier` judges what comes.
    pub async fn read(&mut self, aggregator: usize, blob_id: &str, verifier: &mut Verifier) -> Exchange<()> {
        let Client { network, aggregators, timer, course, .. } = self;
        let endpoint = &network.aggregators[aggregator];
        let uri = endpoint.read(blob_id).filter(|_| wire::is_blob_id(blob_id));
        let Some(uri) = uri else {
            course.start(0);
            return course.end(Err(classify::not_an_id(blob_id)));
        };
        let request = request(Method::GET, uri, &endpoint.headers);
        let lane =
            Lane { endpoint, slot: &mut aggregators[aggregator], connect: network.limits.connect_timeout };
        let lengths_matter = network.verify != Verify::Off;
        course.start(0);
        let (started, limit) = (course.started, network.limits.download_timeout);
        let result = {
            let exchange = pin!(lane.read(request, verifier, lengths_matter, course));
            timer.bound(started, limit, exchange).await
        };
        course.end(result.unwrap_or_else(|| Err(late(course, limit))))
    }

    /// How far the exchange had come whose future was dropped last; `None` when every exchange came to its end.
    /// Its result says nothing, and it is told once.
    pub fn take_abandoned(&mut self) -> Option<Exchange<()>> {
        self.course.abandon()
    }
}

fn request(method: Method, uri: Uri, headers: &HeaderMap) -> Request<Body> {
    let mut request = Request::new(Body::Empty);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers.clone();
    request
}

fn late(course: &Course, limit: Duration) -> Failure {
    classify::timeout(course.part(), limit, course.status, course.received)
}

/// The way to one target.
struct Lane<'a> {
    endpoint: &'a Endpoint,
    slot: &'a mut Slot,
    connect: Duration,
}

impl Lane<'_> {
    async fn store(mut self, request: Request<Body>, course: &mut Course) -> Result<Stored, Failure> {
        let (mut connection, response) = self.send(request, course).await?;
        let (head, mut body) = response.into_parts();
        let (bytes, end) = receive::collect(&mut connection, &mut body, MAX_ANSWER, course).await;
        // A refusal may have been given with the blob unread: then the server closes, whatever it has announced, and the
        // next request would be lost on its way.
        if matches!(end, End::Whole) && head.status.is_success() {
            self.keep(connection, &head, course);
        }
        match end {
            // A refusal is what it is even if its explanation is cut off; a success is not.
            End::Broken(error) if head.status.is_success() => {
                Err(classify::cut(head.status.as_u16(), error.as_ref(), course.received, None))
            }
            _ => classify::store(&answer(&head, &bytes)),
        }
    }

    async fn read(
        mut self,
        request: Request<Body>,
        verifier: &mut Verifier,
        lengths_matter: bool,
        course: &mut Course,
    ) -> Result<(), Failure> {
        let (mut connection, response) = self.send(request, course).await?;
        let (head, mut body) = response.into_parts();
        if !matches!(head.status.as_u16(), 200 | 203) {
            let (bytes, end) = receive::collect(&mut connection, &mut body, MAX_ERROR, course).await;
            if matches!(end, End::Whole) {
                self.keep(connection, &head, course);
            }
            return Err(classify::refused(&answer(&head, &bytes)));
        }
        let (expected, announced) = (verifier.expected(), body.size_hint().exact());
        if let (true, Some(expected), Some(announced)) = (lengths_matter, expected, announced)
            && announced != expected
        {
            return Err(classify::wrong_length(&answer(&head, &[]), expected, announced));
        }
        match receive::blob(&mut connection, &mut body, verifier, course).await {
            Ok(()) => {
                course.cache = evidence::evidence(&head.headers);
                self.keep(connection, &head, course);
                Ok(())
            }
            Err(Fault::Mismatch(mismatch)) => Err(classify::mismatch(&answer(&head, &[]), mismatch)),
            Err(Fault::Broken(error)) => {
                Err(classify::cut(head.status.as_u16(), error.as_ref(), course.received, expected))
            }
        }
    }

    /// Sends over the kept-open connection, or over a new one when there is none or the server has closed it.
    async fn send(
        &mut self,
        request: Request<Body>,
        course: &mut Course,
    ) -> Result<(Box<Connection>, Response<Incoming>), Failure> {
        let mut connection = match self.kept().await {
            Some(connection) => {
                course.link = Some(Link::Reused);
                connection
            }
            None => self.open(course).await?,
        };
        course.enter(Part::Sending);
        let response = connection.send(request).await.map_err(|error| {
            let reused = course.link == Some(Link::Reused);
            classify::broken(&Breakage { error, fault: course.meter.take_fault(), reused })
        })?;
        course.first_byte = Some(Instant::now());
        course.status = Some(response.status().as_u16());
        if !response.status().is_success() {
            course.retry_after = retry_after::asked(response.headers());
        }
        course.enter(Part::Receiving);
        Ok((connection, response))
    }

    async fn kept(&mut self) -> Slot {
        let mut connection = self.slot.take()?;
        connection.is_idle().await.then_some(connection)
    }

    async fn open(&self, course: &mut Course) -> Result<Box<Connection>, Failure> {
        let stream = dial(self.endpoint, self.connect, course).await?;
        let connection = Connection::over(stream).await;
        connection
            .map(Box::new)
            .map_err(|error| classify::broken(&Breakage { error: Some(error), ..Breakage::default() }))
    }

    /// Keeps a connection for the next exchange, when both sides have said all they had to say and neither closes.
    fn keep(&mut self, connection: Box<Connection>, head: &Parts, course: &Course) {
        let leaves = closes(Version::HTTP_11, &self.endpoint.headers) || closes(head.version, &head.headers);
        if course.sent().is_some() && !leaves {
            *self.slot = Some(connection);
        }
    }
}

fn answer<'a>(head: &'a Parts, body: &'a [u8]) -> Answer<'a> {
    let text = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
    Answer {
        status: head.status.as_u16(),
        content_type: text(header::CONTENT_TYPE),
        location: text(header::LOCATION),
        body,
    }
}
