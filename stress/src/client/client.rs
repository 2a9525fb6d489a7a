//! One worker's access to the targets: uploads and reads, each over a connection that nobody else uses.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Exchange,
    classify::{self, Breakage},
    course::{Course, Part},
    dial::dial,
    http1::{Break, Connection, Progress, Request, Taker},
    intake::{Download, Receipt, Said},
    network::{Endpoint, Network},
    timer::Timer,
    wire,
};
use crate::{
    blob::{Source, Verifier},
    plan::Verify,
    sample::{Failure, Link, Stored},
};

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
    request: Request,
    said: Said,
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
            request: Request::default(),
            said: Said::default(),
            network,
        }
    }

    /// Stores a blob at the publisher of this number.
    pub async fn upload(&mut self, publisher: usize, source: Source) -> Exchange<Stored> {
        let Client { network, publishers, timer, course, request, said, .. } = self;
        let endpoint = &network.publishers[publisher];
        request.store(&endpoint.preamble, source, endpoint.courtesy.patience());
        let lane =
            Lane { endpoint, slot: &mut publishers[publisher], connect: network.limits.connect_timeout };
        course.start();
        let (started, limit) = (course.started, network.limits.upload_timeout);
        // Pinned where it is made: it is too large to be moved once more.
        let result = {
            let exchange = pin!(lane.store(request, said, course));
            timer.bound(started, limit, exchange).await
        };
        request.forget();
        said.forget();
        course.end(result.unwrap_or_else(|| Err(late(course, limit))))
    }

    /// Reads a blob from the aggregator of this number; `verifier` judges what comes.
    pub async fn read(
        &mut self,
        aggregator: usize,
        blob_id: &str,
        verifier: &mut Verifier<'_>,
    ) -> Exchange<()> {
        let Client { network, aggregators, timer, course, request, said, .. } = self;
        let endpoint = &network.aggregators[aggregator];
        if !wire::is_blob_id(blob_id) {
            course.start();
            return course.end(Err(classify::not_an_id(blob_id)));
        }
        request.read(&endpoint.preamble, blob_id);
        let lane =
            Lane { endpoint, slot: &mut aggregators[aggregator], connect: network.limits.connect_timeout };
        let download = Download::new(said, verifier, network.verify != Verify::Off);
        course.start();
        let (started, limit) = (course.started, network.limits.download_timeout);
        let result = {
            let exchange = pin!(lane.read(request, download, course));
            timer.bound(started, limit, exchange).await
        };
        said.forget();
        course.end(result.unwrap_or_else(|| Err(late(course, limit))))
    }

    /// How far the exchange had come whose future was dropped last; `None` when every exchange came to its end.
    /// Its result says nothing, and it is told once.
    pub fn take_abandoned(&mut self) -> Option<Exchange<()>> {
        self.request.forget();
        self.said.forget();
        self.course.abandon()
    }
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
    async fn store(
        mut self,
        request: &mut Request,
        said: &mut Said,
        course: &mut Course,
    ) -> Result<Stored, Failure> {
        let mut receipt = Receipt::new(said);
        let (connection, end) = self.exchange(request, &mut receipt, course).await?;
        let (result, fit) = receipt.verdict(end, course.received);
        self.keep(connection, fit, course);
        result
    }

    async fn read(
        mut self,
        request: &mut Request,
        mut download: Download<'_, '_>,
        course: &mut Course,
    ) -> Result<(), Failure> {
        let (connection, end) = self.exchange(request, &mut download, course).await?;
        // What is done from here on is the tool's own business.
        course.finished.get_or_insert_with(Instant::now);
        let cache = download.cache;
        let (result, fit) = download.verdict(end, course.received);
        self.keep(connection, fit, course);
        if result.is_ok() {
            course.cache = cache;
        }
        result
    }

    /// Sends over the kept-open connection, or over a new one when there is none or the server has closed it.
    ///
    /// # Errors
    /// When no answer's head came.
    async fn exchange(
        &mut self,
        request: &mut Request,
        taker: &mut impl Taker,
        course: &mut Course,
    ) -> Result<(Box<Connection>, Result<Progress, Break>), Failure> {
        let mut connection = match self.kept().await {
            Some(connection) => {
                course.link = Some(Link::Reused);
                connection
            }
            None => Box::new(Connection::over(dial(self.endpoint, self.connect, course).await?)),
        };
        course.enter(Part::Sending);
        match connection.exchange(request, taker, course).await {
            Err(error) if course.first_byte.is_none() => {
                let reused = course.link == Some(Link::Reused);
                Err(classify::broken(&Breakage { error, fault: course.fault.take(), reused }))
            }
            end => Ok((connection, end)),
        }
    }

    async fn kept(&mut self) -> Slot {
        let mut connection = self.slot.take()?;
        connection.is_idle().await.then_some(connection)
    }

    /// Keeps a connection for the next exchange, when both sides have said all they had to say and neither closes.
    fn keep(&mut self, connection: Box<Connection>, fit: bool, course: &Course) {
        if fit && course.sent.is_some() && !self.endpoint.leaves {
            *self.slot = Some(connection);
        }
    }
}
