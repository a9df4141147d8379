//! `manifest.json`: what a cached dataset holds. Its schema is this module's alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::columns::Column;
use super::index::IndexEntry;
use crate::fs::{Flush, NewFile, Readers};
use crate::model::{Content, Encoding, FileFacts};

/// The manifest's file.
pub(crate) const FILE: &str = "manifest.json";

/// 1 had columns of three types, never NULL, and content sums by the first rule.
const SCHEMA: u32 = 2;

/// The origin of a dataset's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "origin", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum DatasetOrigin {
    /// Made by this version of the generator from this seed.
    Generated {
        /// The table that they were invented for.
        #[serde(rename = "for")]
        table: String,
        generator: u32,
        seed: u64,
    },
    /// Taken from a file of this SHA-256.
    Imported { source_sha256: String },
    /// Downloaded as a file of this SHA-256.
    Downloaded { source_sha256: String },
    /// Made from the dataset of this content sum, its texts numbered.
    Numbered { source_content: String },
}

impl DatasetOrigin {
    /// In one word.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            DatasetOrigin::Generated { .. } => "generated",
            DatasetOrigin::Imported { .. } => "imported",
            DatasetOrigin::Downloaded { .. } => "downloaded",
            DatasetOrigin::Numbered { .. } => "numbered",
        }
    }
}

/// The manifest's entry for an encoding's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Encoded {
    /// Its name in the dataset's directory.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
    /// Places where rows begin, `[rows before, bytes before]`, evenly spread; never empty.
    pub index: Vec<IndexEntry>,
}

impl Encoded {
    /// As records have it.
    pub(crate) fn facts(&self) -> FileFacts {
        FileFacts { bytes: self.bytes, sha256: self.sha256.clone() }
    }
}

/// The whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    schema: u32,
    /// The origin of the rows.
    pub origin: DatasetOrigin,
    /// Number of rows.
    pub rows: u64,
    /// Their columns, in file order.
    pub columns: Vec<Column>,
    /// Their content sum.
    #[serde(with = "in_decimal")]
    pub content: Content,
    /// The files there are.
    #[serde(with = "by_name")]
    pub encodings: BTreeMap<Encoding, Encoded>,
}

/// A content sum, in decimal.
mod in_decimal {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use crate::model::Content;

    pub(crate) fn serialize<S: Serializer>(content: &Content, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(content)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Content, D::Error> {
        String::deserialize(from)?.parse().map(Content::of_rows).map_err(D::Error::custom)
    }
}

/// Encodings by their names.
mod by_name {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Encoded;
    use crate::model::Encoding;
    use crate::spelling::Named;

    pub(crate) fn serialize<S: Serializer>(
        map: &BTreeMap<Encoding, Encoded>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        map.iter().map(|(name, encoded)| (Named(*name), encoded)).collect::<BTreeMap<_, _>>().serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<Encoding, Encoded>, D::Error> {
        let map = BTreeMap::<Named<Encoding>, Encoded>::deserialize(from)?;
        Ok(map.into_iter().map(|(name, encoded)| (name.0, encoded)).collect())
    }
}

impl Manifest {
    /// A manifest of the current schema.
    pub(crate) fn new(
        origin: DatasetOrigin,
        rows: u64,
        columns: Vec<Column>,
        content: Content,
        csv: Encoded,
    ) -> Self {
        let encodings = BTreeMap::from([(Encoding::Csv, csv)]);
        Self { schema: SCHEMA, origin, rows, columns, content, encodings }
    }

    /// The table that the files are named by.
    pub(crate) fn table(&self) -> &str {
        let csv = self.encodings.get(&Encoding::Csv).map_or("", |csv| csv.file.as_str());
        csv.strip_suffix(".csv").filter(|table| !table.is_empty()).unwrap_or("rows")
    }

    /// The manifest of a dataset's directory; `None` when there is none yet, or only one of an earlier schema:
    /// such a dataset is made again, in the place of the old one.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Data`] when it is not one that this program can read.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        };
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let remove = || format!("remove the directory {} and make the dataset again", dir.display());
        let unreadable =
            |error| crate::bad_data!("{} is not a dataset's manifest: {error}; {}", path.display(), remove());
        let Version { schema } = serde_json::from_str(&text).map_err(unreadable)?;
        if schema < SCHEMA {
            return Ok(None);
        }
        if schema != SCHEMA {
            let path = path.display();
            return Err(crate::bad_data!(
                "{path} has schema {schema}, and this program reads {SCHEMA}; {}",
                remove()
            ));
        }
        let manifest: Manifest = serde_json::from_str(&text).map_err(unreadable)?;
        let whole = manifest.encodings.contains_key(&Encoding::Csv)
            && manifest.encodings.values().all(|encoded| {
                encoded.index.first().is_some_and(|place| place.row == 0)
                    && Path::new(&encoded.file).file_name() == Some(encoded.file.as_ref())
            });
        if !whole || manifest.rows == 0 || manifest.columns.is_empty() {
            let path = path.display();
            return Err(crate::bad_data!("{path} lacks its csv, rows, columns or an index; {}", remove()));
        }
        Ok(Some(manifest))
    }

    /// Writes it into the directory, in one step.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, dir: &Path) -> Result<()> {
        let mut text = serde_json::to_string(self).context("writing a manifest as JSON")?;
        text.push('\n');
        let mut file = NewFile::create(&dir.join(FILE), Readers::Everybody)?;
        file.write(text.as_bytes())?;
        file.keep(Flush::Later)
    }
}

/// The ending of the name of an encoding's file.
pub(crate) fn ending(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Csv => "csv",
        Encoding::Text => "txt",
        Encoding::Binary => "bin",
    }
}

/// The name of an encoding's file of the rows of a table.
pub(crate) fn file_name(table: &str, encoding: Encoding) -> String {
    format!("{table}.{}", ending(encoding))
}

/// A table's name as a part of a file's: what programs may read as something else becomes `_`.
pub(crate) fn plain_name(table: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = table.chars().map(plain).collect();
    match name.chars().any(|c| c.is_ascii_alphanumeric()) {
        true => name,
        false => "rows".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;

    fn manifest() -> Manifest {
        let index = vec![IndexEntry { row: 0, offset: 0 }, IndexEntry { row: 5, offset: 77 }];
        let csv = Encoded { file: "votes.csv".into(), bytes: 99, sha256: "ab".into(), index };
        let origin = DatasetOrigin::Generated { table: "votes".into(), generator: 1, seed: u64::MAX };
        Manifest::new(origin, 7, votes(), Content::of_rows(-12), csv)
    }

    /// The golden file of schema 2.
    const GOLDEN: &str = r#"{"schema":2,"origin":{"origin":"generated","for":"votes","generator":1,"seed":18446744073709551615},"rows":7,"columns":[{"name":"username","type":"text"},{"name":"link","type":"text"},{"name":"score","type":"integer"}],"content":"-12","encodings":{"csv":{"file":"votes.csv","bytes":99,"sha256":"ab","index":[[0,0],[5,77]]}}}"#;

    #[test]
    fn schema_2_is_written_and_read_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(dir.path()).unwrap(), None);
        manifest().write(dir.path()).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap().trim_end(), GOLDEN);
        assert_eq!(Manifest::read(dir.path()).unwrap(), Some(manifest()));
        fs::write(dir.path().join(FILE), r#"{"schema":1,"of":"an earlier version"}"#).unwrap();
        assert_eq!(Manifest::read(dir.path()).unwrap(), None, "it is made again");
    }

    #[test]
    fn files_are_named_by_the_table() {
        assert_eq!(manifest().table(), "votes");
        assert_eq!(file_name(&plain_name("my \"orders\"/../x"), Encoding::Binary), "my__orders_____x.bin");
        assert_eq!(plain_name("żółw.."), "___w__");
        assert_eq!(plain_name("żó"), "rows");
    }

    #[test]
    fn what_it_cannot_read_is_refused_with_the_next_step() {
        let dir = tempfile::tempdir().unwrap();
        let cases = [
            (GOLDEN.replace("\"schema\":2", "\"schema\":3"), "schema 3"),
            (GOLDEN.replace("\"rows\":7", "\"rows\":7,\"more\":1"), "more"),
            (GOLDEN.replace("votes.csv", "../votes.csv"), "lacks"),
            (GOLDEN[..50].to_owned(), "not a dataset's manifest"),
        ];
        for (text, word) in cases {
            fs::write(dir.path().join(FILE), text).unwrap();
            let error = Manifest::read(dir.path()).unwrap_err().to_string();
            assert!(error.contains(word) && error.contains("remove the directory"), "{error}");
        }
    }
}
