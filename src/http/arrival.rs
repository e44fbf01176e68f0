//! Whether an answer arrived, as far as a server can know.
//!
//! A receipt is called when the last byte of an answer was handed to the kernel while the caller was still there, and
//! dropped otherwise: when the handler's answer is thrown away, when it is not read to its end, when the connection
//! breaks, or when the caller has closed its side before the answer was written. What the network does with bytes that
//! left in order, no server knows.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::FutureExt;
use hyper::body::{Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready},
    net::TcpStream,
};

/// To be called when the answer has arrived; dropped when that cannot be said.
pub type Receipt = Box<dyn FnOnce() + Send>;

/// The way back to a caller, found among the extensions of its requests; cheap to clone.
#[derive(Clone, Default)]
pub struct Line(Arc<Mutex<Vec<Receipt>>>);

/// A connection that calls the receipts of what was written to it.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    line: Line,
}

/// An answer's body with its receipt.
struct Receipted {
    body: Body,
    receipt: Option<Receipt>,
    line: Option<Line>,
}

/// Has `receipt` called once the answer, which must have a body, has arrived. Without a line it is believed to arrive
/// when it is taken to its end.
pub fn with_receipt(response: Response, line: Option<Line>, receipt: Receipt) -> Response {
    response.map(|body| Body::new(Receipted { body, receipt: Some(receipt), line }))
}

impl hyper::body::Body for Receipted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let whole = match &frame {
            Some(Ok(_)) => self.body.is_end_stream(),
            Some(Err(_)) => false,
            None => true,
        };
        if whole && let Some(receipt) = self.receipt.take() {
            match &self.line {
                // Taken, and written next.
                Some(line) => line.expect(receipt),
                None => receipt(),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Line {
    /// The next write carries the end of an answer.
    fn expect(&self, receipt: Receipt) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(receipt);
    }

    fn take(&self) -> Vec<Receipt> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Wire {
    /// The connection, and the line that its requests are to carry.
    pub fn new(stream: TcpStream) -> (Self, Line) {
        let line = Line::default();
        (Self { stream, line: line.clone() }, line)
    }

    fn written<T>(&self, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let outcome = ready!(outcome);
        let receipts = self.line.take();
        if !receipts.is_empty() && outcome.is_ok() && !self.caller_is_gone() {
            for receipt in receipts {
                receipt();
            }
        }
        Poll::Ready(outcome)
    }

    /// Whether the caller has closed its side, as far as the runtime was told while the answer was being made; asks nobody.
    fn caller_is_gone(&self) -> bool {
        let ready = self.stream.ready(Interest::READABLE).now_or_never();
        ready.is_some_and(|ready| ready.is_ok_and(Ready::is_read_closed))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use http_body_util::BodyExt;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        sync::oneshot,
    };

    use super::*;

    async fn connect() -> (TcpStream, Wire, Line) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (caller, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (wire, line) = Wire::new(accepted.unwrap().0);
        (caller.unwrap(), wire, line)
    }

    fn answer(line: Option<Line>) -> (Response, oneshot::Receiver<()>) {
        let (arrived, arrival) = oneshot::channel();
        let receipt = Box::new(move || arrived.send(()).unwrap());
        (with_receipt("here".into_response(), line, receipt), arrival)
    }

    #[tokio::test]
    async fn an_answer_has_arrived_when_it_is_written_and_not_before() {
        let (mut caller, mut wire, line) = connect().await;
        let (answer, mut arrival) = answer(Some(line));

        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let taken = arrival.try_recv();
        wire.write_all(&body).await.unwrap();
        let written = arrival.try_recv();

        assert_eq!((taken, written), (Err(oneshot::error::TryRecvError::Empty), Ok(())));
        caller.read_exact(&mut [0; 4]).await.unwrap();
    }

    #[tokio::test]
    async fn an_answer_to_a_caller_who_has_closed_its_side_may_not_arrive() {
        let (mut caller, mut wire, line) = connect().await;
        let (answer, arrival) = answer(Some(line));

        caller.shutdown().await.unwrap();
        // The runtime looks after its sockets when nobody else has anything to do.
        tokio::task::yield_now().await;
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        wire.write_all(&body).await.unwrap();

        assert!(arrival.await.is_err());
    }

    #[tokio::test]
    async fn an_answer_that_is_taken_and_not_written_has_not_arrived() {
        let (_caller, wire, line) = connect().await;
        let (answer, arrival) = answer(Some(line));

        answer.into_body().collect().await.unwrap();
        drop(wire);

        assert!(arrival.await.is_err());
    }

    #[tokio::test]
    async fn without_a_line_an_answer_has_arrived_when_it_was_taken() {
        let (kept, arrival) = answer(None);
        let (dropped, loss) = answer(None);

        kept.into_body().collect().await.unwrap();
        drop(dropped);

        assert!(arrival.await.is_ok() && loss.await.is_err());
    }
}
