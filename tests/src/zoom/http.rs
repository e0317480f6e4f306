//! A small HTTP/1.1 server for clients that send the length of their bodies: one thread per connection, one request
//! after the other.

use std::io::{self, Read, Write};

use url::form_urlencoded;

const MAX_HEADERS: usize = 64;
const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 4 * 1024 * 1024;

/// A request, read to its end.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// A header, or the empty text.
    pub(super) fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// A parameter of the query, or the empty text.
    pub(super) fn query(&self, name: &str) -> String {
        field(self.query.as_bytes(), name)
    }

    /// A field of a form in the body, or the empty text.
    pub(super) fn form(&self, name: &str) -> String {
        field(&self.body, name)
    }
}

fn field(form: &[u8], name: &str) -> String {
    let found = form_urlencoded::parse(form).find(|(key, _)| key == name);
    found.map_or_else(String::new, |(_, value)| value.into_owned())
}

/// An answer.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    pub(super) delivery: Delivery,
}

/// The part of a body that is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    /// All of it.
    Whole,
    /// Half of the length that was said; then the connection is lost.
    Half,
    /// This number of bytes, repeating the body, without a `Content-Length`.
    Repeated(u64),
}

impl Response {
    pub(super) fn json(status: u16, body: impl ToString) -> Response {
        let headers = vec![("Content-Type", "application/json;charset=UTF-8".to_owned())];
        Response {
            status,
            headers,
            body: body.to_string(),
            delivery: Delivery::Whole,
        }
    }

    /// With these headers; the body is JSON unless they say otherwise.
    pub(super) fn with_headers(
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    ) -> Response {
        let mut response = Response::json(status, body);
        let is_kind = |(name, _): &(&str, String)| name.eq_ignore_ascii_case("Content-Type");
        if headers.iter().any(is_kind) {
            response.headers.clear();
        }
        response.headers.extend(headers);
        response
    }

    pub(super) fn redirect(place: String) -> Response {
        Response {
            status: 302,
            headers: vec![("Location", place)],
            body: String::new(),
            delivery: Delivery::Whole,
        }
    }

    /// Sends the response. Returns whether the connection can continue.
    fn send(&self, stream: &mut impl Write) -> io::Result<bool> {
        let mut bytes = format!("HTTP/1.1 {} \r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        let body = self.body.as_bytes();
        match self.delivery {
            Delivery::Whole | Delivery::Half => {
                let length = format!("Content-Length: {}\r\n\r\n", body.len());
                bytes.extend_from_slice(length.as_bytes());
            }
            Delivery::Repeated(_) => bytes.extend_from_slice(b"Connection: close\r\n\r\n"),
        }
        match self.delivery {
            Delivery::Whole => bytes.extend_from_slice(body),
            Delivery::Half => bytes.extend(body.iter().take(body.len() / 2)),
            Delivery::Repeated(_) => {}
        }
        stream.write_all(&bytes)?;
        if let Delivery::Repeated(total) = self.delivery {
            let mut sent = 0;
            while sent < total && !body.is_empty() {
                stream.write_all(body)?;
                sent += body.len() as u64;
            }
        }
        stream.flush()?;
        Ok(self.delivery == Delivery::Whole)
    }
}

/// Answers requests until the client closes the connection, or `answer` has none.
pub(super) fn serve(
    mut stream: impl Read + Write,
    mut answer: impl FnMut(&Request) -> Option<Response>,
) -> io::Result<()> {
    let mut unread = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut unread)? {
        let Some(response) = answer(&request) else {
            return Ok(());
        };
        if !response.send(&mut stream)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads a request. Returns `None` at the end of the stream. Later bytes stay in `unread`.
fn read_request(stream: &mut impl Read, unread: &mut Vec<u8>) -> io::Result<Option<Request>> {
    let (mut request, head) = loop {
        if let Some(parsed) = parse_head(unread)? {
            break parsed;
        }
        if unread.len() > MAX_HEAD {
            return Err(io::Error::other("the head of the request is too long"));
        }
        if read_more(stream, unread)? == 0 {
            return Ok(None);
        }
    };
    if !request.header("Transfer-Encoding").is_empty() {
        return Err(io::Error::other("bodies need a length here"));
    }
    let length = match request.header("Content-Length") {
        "" => 0,
        length => length.parse().map_err(io::Error::other)?,
    };
    if length > MAX_BODY {
        return Err(io::Error::other("the body of the request is too long"));
    }
    while unread.len() < head + length {
        if read_more(stream, unread)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let rest = unread.split_off(head + length);
    request.body = unread.split_off(head);
    *unread = rest;
    Ok(Some(request))
}

fn read_more(stream: &mut impl Read, unread: &mut Vec<u8>) -> io::Result<usize> {
    let mut piece = [0; 16 * 1024];
    let count = stream.read(&mut piece)?;
    unread.extend(piece.iter().take(count));
    Ok(count)
}

/// The request line and the headers, and how many bytes they are. None while they are incomplete.
fn parse_head(bytes: &[u8]) -> io::Result<Option<(Request, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = parsed.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let target = parsed.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|h| (h.name.to_owned(), text(h.value)))
            .collect(),
        body: Vec::new(),
    };
    Ok(Some((request, length)))
}
