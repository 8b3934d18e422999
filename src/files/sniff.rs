//! What a file is, by its content: its name and what the client says of it decide nothing.

use std::io::Cursor;

/// How much of the beginning is looked at.
const HEAD: usize = 16;
/// An office file unpacks to no more than this, from no more entries.
const INFLATED: u64 = 100 * 1024 * 1024;
const ENTRIES: usize = 1000;
const RATIO: u64 = 100;

const PDF: &str = "application/pdf";
const PNG: &str = "image/png";
const JPEG: &str = "image/jpeg";
const CSV: &str = "text/csv";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// All that is kept, as it is answered.
pub const TYPES: &[&str] = &[PDF, PNG, JPEG, DOCX, XLSX, "text/csv; charset=utf-8"];

/// What was seen of a file while it streamed by.
pub struct Seen {
    head: Vec<u8>,
    /// Office files whole: their directory stands at the end.
    office: Vec<u8>,
    /// Bytes that may be text: at most one unfinished character at the end of a chunk.
    is_text: bool,
    unfinished: Vec<u8>,
}

impl Seen {
    pub fn new() -> Self {
        Self { head: Vec::with_capacity(HEAD), office: Vec::new(), is_text: true, unfinished: Vec::new() }
    }

    /// Looks at the next piece.
    pub fn look(&mut self, chunk: &[u8]) {
        let missing = HEAD.saturating_sub(self.head.len());
        self.head.extend(chunk.iter().take(missing));
        if self.head.starts_with(b"PK\x03\x04") || (self.office.is_empty() && b"PK\x03\x04".starts_with(&self.head)) {
            self.office.extend_from_slice(chunk);
        }
        if self.is_text {
            self.unfinished.extend_from_slice(chunk);
            let bytes = std::mem::take(&mut self.unfinished);
            let (good, rest) = match std::str::from_utf8(&bytes) {
                Ok(text) => (text, &[][..]),
                Err(error) if error.error_len().is_none() => {
                    let (good, rest) = bytes.split_at(error.valid_up_to());
                    (std::str::from_utf8(good).unwrap_or_default(), rest)
                }
                Err(_) => {
                    self.is_text = false;
                    return;
                }
            };
            self.is_text = !good.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
            self.unfinished = rest.to_vec();
        }
    }

    /// The media type, if it is one that is taken: PDF, JPEG, PNG, Word, Excel, or CSV by name where the content is plain text.
    pub fn media_type(&self, name: &str) -> Option<&'static str> {
        let head = self.head.as_slice();
        if head.starts_with(b"%PDF-") {
            return Some(PDF);
        }
        if head.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(PNG);
        }
        if head.starts_with(b"\xff\xd8\xff") {
            return Some(JPEG);
        }
        if head.starts_with(b"PK\x03\x04") {
            return office(&self.office);
        }
        let begins = head.trim_ascii_start().first();
        let plain = self.is_text && self.unfinished.is_empty() && begins != Some(&b'<');
        (plain && name.to_lowercase().ends_with(".csv")).then_some(CSV)
    }
}

/// How the name of a file of this type may end: whoever saves it opens it by that, and not by what it is.
pub fn endings(media_type: &str) -> &'static [&'static str] {
    match media_type {
        PDF => &[".pdf"],
        PNG => &[".png"],
        JPEG => &[".jpg", ".jpeg"],
        CSV => &[".csv"],
        DOCX => &[".docx"],
        XLSX => &[".xlsx"],
        _ => &[],
    }
}

/// A Word or Excel file that unpacks to something reasonable. Only its directory is read, nothing is unpacked.
fn office(bytes: &[u8]) -> Option<&'static str> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
    if archive.len() > ENTRIES {
        return None;
    }
    let (mut inflated, mut kind, mut typed) = (0_u64, None, false);
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).ok()?;
        inflated = inflated.checked_add(entry.size())?;
        if entry.is_symlink() || inflated > INFLATED || entry.size() / RATIO > entry.compressed_size() {
            return None;
        }
        let name = entry.name().ok()?;
        typed |= name == "[Content_Types].xml";
        kind = match &*name {
            "word/document.xml" => Some(DOCX),
            "xl/workbook.xml" => Some(XLSX),
            // Macros run where they are opened. Names of parts have no case (ECMA-376 part 2, 6.2.2.3).
            name if name.to_ascii_lowercase().ends_with("vbaproject.bin") => return None,
            _ => kind,
        };
    }
    kind.filter(|_| typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, bytes: &[u8]) -> Option<&'static str> {
        let mut seen = Seen::new();
        // As it arrives: in small pieces that cut characters.
        bytes.chunks(3).for_each(|chunk| seen.look(chunk));
        seen.media_type(name)
    }

    #[test]
    fn content_decides_and_names_do_not() {
        for (name, bytes, expected) in [
            ("kế hoạch.pdf", &b"%PDF-1.7 ..."[..], Some("application/pdf")),
            ("x.exe", b"%PDF-1.7", Some("application/pdf")),
            ("x.pdf", b"MZ\x90\x00", None),
            ("x.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
            ("x.csv", "trường,số trẻ\nTu Lý,31\n".as_bytes(), Some("text/csv")),
            ("x.csv", b"<html><script>", None),
            ("x.csv", b"a,b\x00", None),
            ("x.csv", b"a,\xff", None),
            ("x.txt", b"a,b", None),
            ("x.docx", b"PK\x03\x04 not an archive", None),
            ("x.jpg", b"\xff\xd8\xff\xe0", Some("image/jpeg")),
        ] {
            assert_eq!(of(name, bytes), expected, "{name}");
        }
    }

    /// What an entry of [`packed`] takes.
    const EACH: u32 = 64 * 1024;

    /// An office file of these entries.
    fn packed(names: &[&str]) -> zip::ZipWriter<Cursor<Vec<u8>>> {
        use std::io::Write;
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for name in names {
            writer.start_file(*name, stored).expect("starts");
            writer.write_all(&vec![b' '; 64 * 1024]).expect("writes");
        }
        writer
    }

    fn whole(writer: zip::ZipWriter<Cursor<Vec<u8>>>) -> Vec<u8> {
        writer.finish().expect("finishes").into_inner()
    }

    /// The same, where each entry says in the directory that it unpacks to so many bytes (APPNOTE.TXT 4.3.12).
    fn claiming(mut bytes: Vec<u8>, size: u32) -> Vec<u8> {
        let entries: Vec<usize> = (0..bytes.len() - 3).filter(|at| bytes[*at..].starts_with(b"PK\x01\x02")).collect();
        for at in entries {
            bytes[at + 24..at + 28].copy_from_slice(&size.to_le_bytes());
        }
        bytes
    }

    const WORD: [&str; 2] = ["[Content_Types].xml", "word/document.xml"];

    /// What an archive unpacks to is measured before anybody unpacks it, by each of its limits at the edge.
    #[test]
    fn an_office_file_that_would_burst_is_refused() {
        let numbered = |count: usize| (0..count).map(|number| format!("word/media/{number}.png")).collect::<Vec<String>>();
        let with = |more: &[String]| whole(packed(&WORD.into_iter().chain(more.iter().map(String::as_str)).collect::<Vec<_>>()));
        assert_eq!(office(&with(&[])), Some(DOCX));
        assert_eq!((office(&with(&numbered(ENTRIES - 2))), office(&with(&numbered(ENTRIES - 1)))), (Some(DOCX), None), "entries");
        let times = |count: usize, ratio: u32| office(&claiming(with(&numbered(count - WORD.len())), EACH * ratio));
        assert_eq!((times(2, 100), times(2, 101)), (Some(DOCX), None), "a hundredfold");
        assert_eq!((times(16, 100), times(17, 100)), (Some(DOCX), None), "a hundred mebibytes");
    }

    #[test]
    fn an_office_file_has_neither_links_nor_macros() {
        let mut linked = packed(&WORD);
        linked.add_symlink("word/media/1.png", "/etc/passwd", zip::write::SimpleFileOptions::default()).expect("links");
        assert_eq!(office(&whole(linked)), None);
        for macros in ["word/vbaProject.bin", "word/VBAPROJECT.BIN", "xl/vbaProject.bin"] {
            assert_eq!(office(&whole(packed(&[WORD[0], WORD[1], macros]))), None, "{macros}");
        }
        for (names, expected) in [
            (&["[Content_Types].xml", "xl/workbook.xml"][..], Some(XLSX)),
            (&["word/document.xml"], None),
            (&["[Content_Types].xml", "readme.txt"], None),
        ] {
            assert_eq!(office(&whole(packed(names))), expected, "{names:?}");
        }
    }

    #[test]
    fn a_type_has_its_endings() {
        for (name, media_type, expected) in [
            ("Biên bản.PDF", PDF, "Biên bản.PDF"),
            ("xem.hta", PDF, "xem.hta.pdf"),
            ("ảnh.jpeg", JPEG, "ảnh.jpeg"),
            ("ảnh", JPEG, "ảnh.jpg"),
            ("kế hoạch.docm", DOCX, "kế hoạch.docm.docx"),
            ("số liệu.xlsx.", XLSX, "số liệu.xlsx..xlsx"),
        ] {
            assert_eq!(crate::text::ending_in(name, endings(media_type)), expected);
        }
    }
}
