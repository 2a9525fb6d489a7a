//! `Expect: 100-continue`: holds a body back until the server asks for it, or stays silent for too long.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use hyper::{Request, StatusCode, header};
use tokio::time::Sleep;

/// How long a server may stay silent before the body is sent all the same.
const SILENCE: Duration = Duration::from_secs(1);

/// Whether a target is still asked before it is sent a body; shared by all workers.
#[derive(Debug, Clone)]
pub(super) struct Courtesy(Arc<AtomicBool>);

impl Courtesy {
    /// A courtesy that is shown when `wanted`, until it proves useless.
    pub(super) fn new(wanted: bool) -> Courtesy {
        Courtesy(Arc::new(AtomicBool::new(wanted)))
    }

    /// The patience for one upload; `None` when the target is not asked.
    pub(super) fn patience(&self) -> Option<Patience> {
        self.0.load(Relaxed).then(|| Patience { courtesy: self.clone(), word: Arc::default(), silence: None })
    }
}

/// One upload's wait for the server's word.
#[derive(Debug)]
pub(super) struct Patience {
    courtesy: Courtesy,
    word: Arc<Word>,
    silence: Option<Pin<Box<Sleep>>>,
}

/// Whether the server has said to go on.
#[derive(Debug, Default)]
struct Word {
    heard: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Patience {
    /// Makes `request` ask first, and listens for the answer.
    pub(super) fn announce<B>(&self, request: &mut Request<B>) {
        request.headers_mut().insert(header::EXPECT, header::HeaderValue::from_static("100-continue"));
        let word = Arc::clone(&self.word);
        hyper::ext::on_informational(request, move |answer| {
            if answer.status() == StatusCode::CONTINUE {
                word.hear();
            }
        });
    }

    /// Ready once the body may go out.
    pub(super) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        *self.word.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        if self.word.heard.load(Relaxed) {
            return Poll::Ready(());
        }
        let silence = self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(SILENCE)));
        silence.as_mut().poll(cx).map(|()| self.courtesy.0.store(false, Relaxed))
    }
}

impl Word {
    fn hear(&self) {
        self.heard.store(true, Relaxed);
        if let Some(waker) = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
    }
}
