//! Frames: little-endian integers and length-prefixed byte strings in a fixed order. The strings are mostly XDR.

pub struct Reader<'a>(pub &'a [u8]);

pub type Bad = &'static str;

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], Bad> {
        if self.0.len() < n {
            return Err("the request ends too early");
        }
        let (taken, rest) = self.0.split_at(n);
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Bad> {
        let mut a = [0; N];
        a.copy_from_slice(self.take(N)?);
        Ok(a)
    }

    pub fn u32(&mut self) -> Result<u32, Bad> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> Result<u64, Bad> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub fn bytes32(&mut self) -> Result<[u8; 32], Bad> {
        self.array()
    }

    pub fn blob(&mut self) -> Result<&'a [u8], Bad> {
        let n = self.u32()? as usize;
        self.take(n)
    }

    /// A list's length. Items have four bytes at least, which bounds what a broken request can make us allocate.
    pub fn count(&mut self) -> Result<usize, Bad> {
        let n = self.u32()? as usize;
        if n > self.0.len() / 4 {
            return Err("a list is longer than its request");
        }
        Ok(n)
    }

    pub fn blobs(&mut self) -> Result<Vec<&'a [u8]>, Bad> {
        (0..self.count()?).map(|_| self.blob()).collect()
    }

    pub fn u32s(&mut self) -> Result<Vec<u32>, Bad> {
        (0..self.count()?).map(|_| self.u32()).collect()
    }

    /// Nothing may follow: a request with more in it was written by other rules.
    pub fn end(&self) -> Result<(), Bad> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err("the request goes on after its end")
        }
    }
}

#[derive(Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    pub fn u32(&mut self, v: u32) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }

    pub fn u64(&mut self, v: u64) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }

    pub fn blob(&mut self, b: &[u8]) {
        self.u32(b.len() as u32);
        self.0.extend_from_slice(b);
    }

    pub fn optional(&mut self, b: Option<&[u8]>) {
        self.u32(b.is_some() as u32);
        if let Some(b) = b {
            self.blob(b);
        }
    }
}
