//! The few kinds of values in what our nodes and functions write: little-endian, lengths before
//! bytes. Reading never trusts a length.

use datafusion::common::internal_datafusion_err;
use datafusion::error::Result;

/// Appends bytes with their length before them.
pub(crate) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_count(bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// Appends a count.
pub(crate) fn put_count(count: usize, out: &mut Vec<u8>) {
    out.extend((count as u64).to_le_bytes());
}

/// Appends whether a value is there, and the value.
pub(crate) fn put_optional<T>(value: Option<T>, out: &mut Vec<u8>, put: impl FnOnce(T, &mut Vec<u8>)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put(value, out);
    }
}

/// Reads what was written, front to back.
#[derive(Debug)]
pub(crate) struct Payload<'a>(pub(crate) &'a [u8]);

impl<'a> Payload<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let short = || internal_datafusion_err!("a part of a plan ends too early");
        let (head, tail) = self.0.split_at_checked(len).ok_or_else(short)?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| internal_datafusion_err!("a part of a plan ends too early"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn count(&mut self) -> Result<usize> {
        let count = u64::from_le_bytes(self.array()?);
        usize::try_from(count).map_err(|_| internal_datafusion_err!("{count} is too large for a count"))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8]> {
        let len = self.count()?;
        self.take(len)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| internal_datafusion_err!("a text in a plan is not UTF-8"))
    }

    pub(crate) fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        match self.u8()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            other => Err(internal_datafusion_err!("{other} is neither yes nor no")),
        }
    }

    pub(crate) fn end(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(internal_datafusion_err!("bytes are left over in a plan")) }
    }
}
