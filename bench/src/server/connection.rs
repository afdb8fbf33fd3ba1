//! One keep-alive HTTP connection: the client's cost must not be what is measured.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
    head: String,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let credentials = BASE64_STANDARD.encode("root:kwdbpassword");
        let mut connection = Self { reader: BufReader::new(stream), head: String::new() };
        let login =
            format!("GET /restapi/login HTTP/1.1\r\nHost: {address}\r\nAuthorization: Basic {credentials}\r\n\r\n");
        let answer = connection.exchange(login.as_bytes())?;
        let token = answer.split('"').nth_back(1).ok_or_else(|| format!("no token in {answer}"))?.to_owned();
        connection.head = format!("HTTP/1.1\r\nHost: {address}\r\nAuthorization: Basic {token}\r\nContent-Length: ");
        Ok(connection)
    }

    /// Posts a statement to an endpoint with its parameters; the answer's body, which must say that it was carried out.
    pub(crate) fn post(&mut self, endpoint: &str, statement: &str) -> Result<String, String> {
        let head = &self.head;
        let request = format!("POST /restapi/{endpoint} {head}{}\r\n\r\n{statement}", statement.len());
        let answer = self.exchange(request.as_bytes())?;
        if answer.starts_with("{\"code\":0,") { Ok(answer) } else { Err(answer) }
    }

    fn exchange(&mut self, request: &[u8]) -> Result<String, String> {
        self.reader.get_mut().write_all(request).map_err(|error| error.to_string())?;
        let mut length = 0;
        let mut chunked = false;
        loop {
            let line = self.line()?;
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| format!("bad length in {line}"))?;
            }
            chunked |= lower.starts_with("transfer-encoding:") && lower.contains("chunked");
            if line.is_empty() {
                break;
            }
        }
        if !chunked {
            return self.take(length);
        }
        let mut body = String::new();
        loop {
            let line = self.line()?;
            let size = usize::from_str_radix(line.trim(), 16).map_err(|_| format!("bad chunk {line}"))?;
            body += &self.take(size)?;
            self.line()?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line).map_err(|error| error.to_string())? {
            0 => Err("the server closed the connection".to_owned()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    fn take(&mut self, length: usize) -> Result<String, String> {
        let mut bytes = vec![0; length];
        self.reader.read_exact(&mut bytes).map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }
}
