//! Objects as bytes with descriptors beside them.

use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use crate::dictionary::{self, Dict};
use crate::object::{Body, Obj, Ref};

/// `None`: an object that cannot travel.
pub fn write(object: &Obj, out: &mut Vec<u8>, files: &mut Vec<OwnedFd>) -> Option<()> {
    let mut file = |tag: u8, fd: &OwnedFd, out: &mut Vec<u8>| {
        out.push(tag);
        files.push(fd.try_clone().ok()?);
        Some(())
    };
    match &object.body {
        Body::Null => out.push(0),
        Body::Bool(value) => out.extend_from_slice(&[1, u8::from(*value)]),
        Body::Int(value) => number(2, value.to_le_bytes(), out),
        Body::UInt(value) => number(3, value.to_le_bytes(), out),
        Body::Double(value) => number(4, value.to_le_bytes(), out),
        Body::Data(bytes) => sized(5, bytes, out),
        Body::Text(text) => sized(6, text.as_bytes(), out),
        Body::Array(items) => {
            let items = items.lock().unwrap_or_else(PoisonError::into_inner);
            number(7, (items.len() as u64).to_le_bytes(), out);
            for item in items.iter() {
                write(item.get(), out, files)?;
            }
        }
        Body::Dictionary(dict) => {
            let dict = dict.lock().unwrap_or_else(PoisonError::into_inner);
            number(8, (dict.entries.len() as u64).to_le_bytes(), out);
            for (key, value) in &dict.entries {
                sized(6, key.as_bytes(), out);
                write(value.get(), out, files)?;
            }
        }
        Body::Shmem { file: fd, length } => {
            file(9, fd, out)?;
            out.extend_from_slice(&(*length as u64).to_le_bytes());
        }
        Body::Endpoint(fd) => file(10, fd, out)?,
        Body::Surface(fd) => file(11, fd, out)?,
        Body::Connection(_) | Body::Error => return None,
    }
    Some(())
}

fn number(tag: u8, bytes: [u8; 8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&bytes);
}

fn sized(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    number(tag, (bytes.len() as u64).to_le_bytes(), out);
    out.extend_from_slice(bytes);
}

pub struct Cursor<'a> {
    pub rest: &'a [u8],
    pub files: std::vec::IntoIter<OwnedFd>,
}

impl Cursor<'_> {
    fn take(&mut self, n: usize) -> Option<&[u8]> {
        let (head, tail) = self.rest.split_at_checked(n)?;
        self.rest = tail;
        Some(head)
    }

    fn u64(&mut self) -> Option<[u8; 8]> {
        self.take(8)?.try_into().ok()
    }

    fn sized(&mut self) -> Option<Vec<u8>> {
        let length = u64::from_le_bytes(self.u64()?) as usize;
        Some(self.take(length)?.to_vec())
    }

    pub fn read(&mut self) -> Option<Ref> {
        let tag = self.take(1)?[0];
        let body = match tag {
            0 => Body::Null,
            1 => Body::Bool(self.take(1)?[0] != 0),
            2 => Body::Int(i64::from_le_bytes(self.u64()?)),
            3 => Body::UInt(u64::from_le_bytes(self.u64()?)),
            4 => Body::Double(f64::from_le_bytes(self.u64()?)),
            5 => Body::Data(self.sized()?),
            6 => Body::Text(CString::new(self.sized()?).ok()?),
            7 => {
                let count = u64::from_le_bytes(self.u64()?);
                let items: Option<Vec<Ref>> = (0..count).map(|_| self.read()).collect();
                Body::Array(Mutex::new(items?))
            }
            8 => return self.dictionary().map(dictionary::new),
            9 => {
                let length = u64::from_le_bytes(self.u64()?) as usize;
                Body::Shmem { file: self.files.next()?, length }
            }
            10 => Body::Endpoint(self.files.next()?),
            11 => Body::Surface(self.files.next()?),
            _ => return None,
        };
        Some(Ref::new(body))
    }

    /// What stands after the tag of a dictionary.
    pub fn dictionary(&mut self) -> Option<Dict> {
        let mut dict = Dict::default();
        for _ in 0..u64::from_le_bytes(self.u64()?) {
            self.take(1)?;
            let key = CString::new(self.sized()?).ok()?;
            let value = self.read()?;
            dict.set(key, value);
        }
        Some(dict)
    }
}
