// Answers, for as long as it is asked, what the contract makes of bytes that may be terms (test/sameid, docs/contract-attacks.md E14). One
// process answers millions of questions, each without a trace of the one before.
//
// A message is its length in 4 bytes, big-endian, and what it says.
//   question: 32 bytes of the contract's id, the length of the network's passphrase in 1 byte, the passphrase, terms in XDR
//   answer:   1, 32 bytes of the trade's id, and the terms that were read, written anew in XDR; or 0 and why they are none

mod read;

use std::io::{self, Read, Write};

// The longest question: what the network allows a transaction to be, a passphrase and an id.
const LONGEST: usize = 132_096 + 1 + 255 + 32;

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::BufWriter::new(io::stdout().lock()));
    let mut reader = read::Reader::new();
    while let Some(question) = question(&mut input)? {
        let answer = match reader.read(&question) {
            Ok(taken) => [&[1][..], &taken.id, &taken.again].concat(),
            Err(refusal) => [&[0][..], refusal.as_bytes()].concat(),
        };
        output.write_all(&(answer.len() as u32).to_be_bytes())?;
        output.write_all(&answer)?;
        output.flush()?;
    }
    Ok(())
}

// The next question; none when whoever asks has gone.
fn question(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > LONGEST {
        return Err(io::Error::other(format!("a question of {length} bytes, more than {LONGEST}")));
    }
    let mut question = vec![0; length];
    input.read_exact(&mut question)?;
    Ok(Some(question))
}
