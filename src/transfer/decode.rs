//! Bytes to text: which encoding a file has, and a reader that turns it into UTF-8 as it goes.

use std::io::{self, Read};

use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::Deserialize;

use super::problem::Unreadable;

/// Bytes taken from the file at a time.
const BLOCK: usize = 64 * 1024;
/// The longest row that is read. Beyond it a quote was opened and never closed.
const LONGEST_ROW: usize = 1024 * 1024;

/// What a map may say about the encoding of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum EncodingName {
    /// By its byte order mark; else UTF-8 when all of it is; else Windows-1252.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "utf-16le")]
    Utf16Le,
    #[serde(rename = "utf-16be")]
    Utf16Be,
    #[serde(rename = "windows-1252")]
    Windows1252,
}

impl EncodingName {
    fn named(self) -> Option<&'static Encoding> {
        match self {
            EncodingName::Auto => None,
            EncodingName::Utf8 => Some(UTF_8),
            EncodingName::Utf16Le => Some(UTF_16LE),
            EncodingName::Utf16Be => Some(UTF_16BE),
            EncodingName::Windows1252 => Some(WINDOWS_1252),
        }
    }
}

/// Finds the encoding of a file and that all of it can be read so. Reads to the end, in bounded memory.
/// With `whole` false the bytes are the beginning of a longer file and may end within a character.
pub fn choose(
    file: &mut impl Read,
    name: EncodingName,
    whole: bool,
) -> Result<&'static Encoding, Unreadable> {
    let mut head = vec![];
    file.by_ref().take(4096).read_to_end(&mut head)?;
    if head.starts_with(&[0xFF, 0xFE, 0, 0]) || head.starts_with(&[0, 0, 0xFE, 0xFF]) {
        return Err(Unreadable::Utf32);
    }
    let marked = Encoding::for_bom(&head).map(|(encoding, _)| encoding);
    let named = name.named();
    if let (Some(marked), Some(named)) = (marked, named)
        && marked != named
    {
        return Err(Unreadable::OtherMark { marked: marked.name(), named: named.name() });
    }
    let known = named.or(marked).or_else(|| unmarked_utf16(&head));
    let malformed = first_malformed(known.unwrap_or(UTF_8), &mut head.chain(file), whole)?;
    match (known, malformed) {
        (Some(encoding), None) => Ok(encoding),
        (Some(encoding), Some(byte)) => Err(Unreadable::Malformed { encoding: encoding.name(), byte }),
        (None, None) => Ok(UTF_8),
        (None, Some(_)) => Ok(WINDOWS_1252),
    }
}

/// UTF-16 without a mark shows itself by the zero in every other byte of its Latin letters.
fn unmarked_utf16(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let many = head.len() / 4;
    match (even, odd) {
        (0, odd) if odd > many => Some(UTF_16LE),
        (even, 0) if even > many => Some(UTF_16BE),
        _ => None,
    }
}

/// Where the bytes stop being of this encoding, if they do.
fn first_malformed(
    encoding: &'static Encoding,
    file: &mut impl Read,
    whole: bool,
) -> io::Result<Option<u64>> {
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let (mut block, mut text) = (vec![0; BLOCK], vec![0; BLOCK * 3 + 16]);
    let mut before = 0;
    loop {
        let length = read_block(file, &mut block)?;
        let last = length == 0;
        if last && !whole {
            return Ok(None);
        }
        let (result, read, _) = decoder.decode_to_utf8_without_replacement(&block[..length], &mut text, last);
        if let DecoderResult::Malformed(bytes, after) = result {
            return Ok(Some((before + read as u64).saturating_sub(u64::from(bytes) + u64::from(after))));
        }
        if last {
            return Ok(None);
        }
        before += length as u64;
    }
}

fn read_block(file: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Reads a file as UTF-8, block by block. A row may have so many bytes and no more.
pub struct Decoder<R> {
    file: R,
    decoder: encoding_rs::Decoder,
    block: Vec<u8>,
    /// Decoded and not yet served from `served` on.
    text: String,
    served: usize,
    ended: bool,
    row_bytes: usize,
}

impl<R: Read> Decoder<R> {
    pub fn new(file: R, encoding: &'static Encoding) -> Decoder<R> {
        let decoder = encoding.new_decoder_with_bom_removal();
        Decoder {
            file,
            decoder,
            block: vec![0; BLOCK],
            text: String::new(),
            served: 0,
            ended: false,
            row_bytes: 0,
        }
    }

    /// The beginning of the text, and whether that is all of it. Nothing is consumed.
    pub fn peek(&mut self) -> io::Result<(&str, bool)> {
        while !self.ended && self.text.len() < BLOCK {
            self.decode_block()?;
        }
        Ok((&self.text[self.served..], self.ended))
    }

    /// Says that a new row begins, with a length of its own.
    pub fn begin_row(&mut self) {
        self.row_bytes = 0;
    }

    fn decode_block(&mut self) -> io::Result<()> {
        let length = read_block(&mut self.file, &mut self.block)?;
        self.ended = length == 0;
        let most = self.decoder.max_utf8_buffer_length(length).unwrap_or(BLOCK * 3 + 16);
        self.text.reserve(most);
        _ = self.decoder.decode_to_string(&self.block[..length], &mut self.text, self.ended);
        Ok(())
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.served == self.text.len() && !self.ended {
            self.text.clear();
            self.served = 0;
            self.decode_block()?;
        }
        if self.row_bytes > LONGEST_ROW {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a row is too long"));
        }
        let ready = &self.text.as_bytes()[self.served..];
        let length = ready.len().min(buffer.len());
        buffer[..length].copy_from_slice(&ready[..length]);
        self.served += length;
        self.row_bytes += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    fn read(bytes: &[u8]) -> (&'static str, String) {
        let encoding = choose(&mut &bytes[..], EncodingName::Auto, true).unwrap();
        let mut text = String::new();
        Decoder::new(bytes, encoding).read_to_string(&mut text).unwrap();
        (encoding.name(), text)
    }

    #[test]
    fn each_usual_encoding_is_recognised_and_read() {
        let text = "name,city\nZoë,Köln\n";
        assert_eq!(read(text.as_bytes()), ("UTF-8", text.into()));
        assert_eq!(read(format!("\u{feff}{text}").as_bytes()), ("UTF-8", text.into()));
        assert_eq!(read(b"name,city\nZo\xEB,K\xF6ln\n"), ("windows-1252", text.into()));
        for mark in ["\u{feff}", ""] {
            let marked = format!("{mark}{text}");
            assert_eq!(read(&utf16(&marked, u16::to_le_bytes)), ("UTF-16LE", text.into()), "mark {mark:?}");
            assert_eq!(read(&utf16(&marked, u16::to_be_bytes)), ("UTF-16BE", text.into()), "mark {mark:?}");
        }
    }

    #[test]
    fn a_single_foreign_byte_far_down_decides() {
        let mut bytes = b"name\n".repeat(BLOCK);
        bytes.extend(b"Zo\xEB\n");
        assert_eq!(choose(&mut &bytes[..], EncodingName::Auto, true).unwrap().name(), "windows-1252");
    }

    #[test]
    fn characters_on_the_border_of_two_blocks_stay_whole() {
        let text = format!("x{}", "ä€😀".repeat(BLOCK));
        assert_eq!(read(text.as_bytes()).1, text);
    }

    #[test]
    fn utf32_is_refused_by_name() {
        for mark in [[0xFF, 0xFE, 0, 0], [0, 0, 0xFE, 0xFF]] {
            let problem = choose(&mut &mark[..], EncodingName::Auto, true).unwrap_err();
            assert!(problem.to_string().contains("UTF-32"), "{problem}");
        }
    }

    #[test]
    fn a_file_that_is_not_what_its_map_says_is_refused_with_the_place() {
        let problem = choose(&mut &b"ab\xEBcd"[..], EncodingName::Utf8, true).unwrap_err();
        assert!(problem.to_string().contains("byte 3"), "{problem}");
        let problem = choose(&mut &"\u{feff}a".as_bytes()[..], EncodingName::Windows1252, true).unwrap_err();
        assert!(problem.to_string().contains("UTF-8"), "{problem}");
    }

    #[test]
    fn a_beginning_may_end_within_a_character() {
        let bytes = &"Zoë".as_bytes()[..3];
        assert_eq!(choose(&mut &bytes[..], EncodingName::Auto, false).unwrap(), UTF_8);
        assert_eq!(choose(&mut &bytes[..], EncodingName::Auto, true).unwrap(), WINDOWS_1252);
    }
}
