//! Values sent to a server and read back.

use std::io::{Read, Write};
use std::num::NonZeroU32;
use std::ops::DerefMut;

use bulkbench::table::verify::FIXED;
use bulkbench::value::{Codec, Refused, SqlType};
use postgres::Client;

use crate::kinds::{self, Kind};
use crate::random::{self, Random};

/// A session in which every text is read and written as a canonical one is.
pub(crate) struct Proof {
    client: Box<dyn DerefMut<Target = Client>>,
    version: u32,
    mood: Option<NonZeroU32>,
}

const PREPARE: &str = "CREATE TYPE mood AS ENUM ('sad', 'ok', 'so, so', 'NULL', 'süß');
CREATE FUNCTION tell(spelled text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(spelled) LOOP
        BEGIN
            EXECUTE format('INSERT INTO told VALUES (%s, %L)', i, spelled[i]);
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
END $$";

impl Proof {
    pub(crate) fn new(mut client: Box<dyn DerefMut<Target = Client>>) -> Self {
        for (name, value) in FIXED {
            client.batch_execute(&format!("SET {name} = '{value}'")).unwrap();
        }
        client.batch_execute(PREPARE).unwrap();
        let number = |client: &mut Client, sql: &str| -> u32 { client.query_one(sql, &[]).unwrap().get(0) };
        let version = number(&mut client, "SELECT current_setting('server_version_num')::oid");
        let mood = NonZeroU32::new(number(&mut client, "SELECT 'mood'::regtype::oid"));
        Self { client, version, mood }
    }

    fn sql_type(&self, name: &str) -> SqlType {
        match name {
            "mood" => SqlType::enumerated(name, self.mood),
            "mood[]" => SqlType::enumerated_array(name, self.mood),
            name => SqlType::named(name),
        }
    }

    fn kinds(&self) -> Vec<&'static Kind> {
        kinds::ALL.iter().filter(|kind| kind.since <= self.version / 10_000).collect()
    }

    fn make(&mut self, table: &str, sql: &str) {
        let sql = format!("DROP TABLE IF EXISTS {table}; CREATE TABLE {table} (id int, value {sql})");
        self.client.batch_execute(&sql).unwrap();
    }

    fn copy_out(&mut self, table: &str, format: &str) -> Vec<u8> {
        let sql = format!("COPY (SELECT * FROM {table} ORDER BY id) TO STDOUT (FORMAT {format})");
        let mut bytes = Vec::new();
        self.client.copy_out(&sql).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// What the server makes of each text by itself; `None` of those it refuses.
    fn told(&mut self, sql: &str, spelled: &[String]) -> Vec<Option<String>> {
        self.make("told", sql);
        self.client.execute("SELECT tell($1)", &[&spelled]).unwrap();
        let mut told = vec![None; spelled.len()];
        for line in String::from_utf8(self.copy_out("told", "text")).unwrap().lines() {
            let (id, value) = line.split_once('\t').unwrap();
            told[id.parse::<usize>().unwrap() - 1] = Some(unescaped(value));
        }
        told
    }

    /// Loads values in each format, and holds what the server writes of them against each other and the values.
    fn load(&mut self, sql_type: &SqlType, values: &[Option<String>]) {
        let name = sql_type.sql();
        let formats: &[(&str, Encode)] = &[("csv", csv), ("text", text), ("binary", binary)];
        for (format, encode) in formats {
            if *format == "binary" && !sql_type.codec().has_binary() {
                continue;
            }
            self.make(&format!("as_{format}"), name);
            let sql = format!("COPY as_{format} FROM STDIN (FORMAT {format})");
            let mut sink = self.client.copy_in(&sql).unwrap();
            sink.write_all(&encode(sql_type.codec(), values)).unwrap();
            sink.finish().unwrap_or_else(|error| panic!("{name} as {format}: {error:?}"));
        }
        for format in ["csv", "text", "binary"] {
            let whole = self.copy_out("as_csv", format);
            assert!(self.copy_out("as_text", format) == whole, "{name} as text is another {format}");
            if sql_type.codec().has_binary() {
                assert!(self.copy_out("as_binary", format) == whole, "{name} as binary is another {format}");
            }
        }
        let written = String::from_utf8(self.copy_out("as_csv", "text")).unwrap();
        for (line, value) in written.lines().zip(values) {
            let (_, found) = line.split_once('\t').unwrap();
            let found = (found != "\\N").then(|| unescaped(found));
            assert_eq!(found, *value, "{name}");
        }
        assert_eq!(written.lines().count(), values.len());
    }

    /// Holds what the client makes of each text against what the server makes of it. Gives the canonical texts.
    fn judge(&mut self, sql_type: &SqlType, spelled: &[String]) -> Judged {
        let mut judged = Judged::default();
        let told = self.told(sql_type.sql(), spelled);
        for (text, told) in spelled.iter().zip(told) {
            let what = format!("{text:?} as {}", sql_type.sql());
            match canonical(sql_type.codec(), text) {
                // Which labels an enum has, the client does not know.
                Ok(_) if told.is_none() && sql_type.sql().starts_with("mood") => {}
                Ok(canonical) => {
                    assert_eq!(Some(&canonical), told.as_ref(), "{what}");
                    assert_eq!(
                        self::canonical(sql_type.codec(), &canonical).as_ref(),
                        Ok(&canonical),
                        "{what}"
                    );
                    judged.values.push(Some(canonical));
                }
                Err(refused) if refused.certain => {
                    assert_eq!(told, None, "{what} {}", refused.rule);
                    judged.wrong += 1;
                }
                Err(_) => judged.unread.push(text.clone()),
            }
        }
        judged
    }
}

#[derive(Default)]
struct Judged {
    values: Vec<Option<String>>,
    wrong: usize,
    unread: Vec<String>,
}

fn canonical(codec: Codec, text: &str) -> Result<String, Refused> {
    let mut out = String::new();
    codec.push_canonical(text, &mut out)?;
    Ok(out)
}

type Encode = fn(Codec, &[Option<String>]) -> Vec<u8>;

fn csv(_: Codec, values: &[Option<String>]) -> Vec<u8> {
    let quoted = |value: &String| format!("\"{}\"", value.replace('"', "\"\""));
    let line = |(id, value): (usize, &Option<String>)| {
        format!("{id},{}\n", value.as_ref().map(quoted).unwrap_or_default())
    };
    values.iter().enumerate().map(line).collect::<String>().into_bytes()
}

fn text(_: Codec, values: &[Option<String>]) -> Vec<u8> {
    let escaped = |value: &String| {
        let mut escaped = value.replace('\\', "\\\\");
        for (letter, escape) in [('\n', "\\n"), ('\r', "\\r"), ('\t', "\\t")] {
            escaped = escaped.replace(letter, escape);
        }
        escaped
    };
    let line = |(id, value): (usize, &Option<String>)| {
        format!("{id}\t{}\n", value.as_ref().map_or("\\N".into(), escaped))
    };
    values.iter().enumerate().map(line).collect::<String>().into_bytes()
}

fn binary(codec: Codec, values: &[Option<String>]) -> Vec<u8> {
    let mut out = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for (id, value) in values.iter().enumerate() {
        out.extend(2_u16.to_be_bytes());
        out.extend(4_u32.to_be_bytes());
        out.extend((id as u32).to_be_bytes());
        let mut form = Vec::new();
        let len = value.as_ref().map_or(-1, |value| {
            codec.put_binary(value, &mut form).unwrap_or_else(|refused| panic!("{value:?} {}", refused.rule));
            form.len() as i32
        });
        out.extend(len.to_be_bytes());
        out.extend(form);
    }
    out.extend((-1_i16).to_be_bytes());
    out
}

/// A value as COPY's text format has it, without its escapes.
fn unescaped(value: &str) -> String {
    let mut plain = String::new();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => match letters.next().unwrap() {
                'b' => '\x08',
                'f' => '\x0c',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\x0b',
                other => other,
            },
            other => other,
        });
    }
    plain
}

pub(crate) fn edges(proof: &mut Proof) {
    for kind in proof.kinds() {
        let sql_type = proof.sql_type(kind.sql);
        let edges: Vec<String> = (kind.edges)();
        let mut judged = proof.judge(&sql_type, &edges);
        assert_eq!((judged.wrong, judged.unread), (0, vec![]), "{}", kind.sql);
        judged.values.insert(1, None);
        judged.values.push(None);
        proof.load(&sql_type, &judged.values);
        let wrong: Vec<String> = kind.wrong.iter().map(|text| (*text).to_owned()).collect();
        let judged = proof.judge(&sql_type, &wrong);
        assert_eq!((judged.values, judged.unread), (vec![], vec![]), "{}", kind.sql);
    }
}

pub(crate) fn random_values(proof: &mut Proof, count: usize) {
    let mut random = Random::new(1);
    for kind in proof.kinds() {
        let sql_type = proof.sql_type(kind.sql);
        let Codec::Scalar(scalar) = sql_type.codec() else { continue };
        let spelled: Vec<String> = (0..count).map(|_| random::spelled(scalar, &mut random)).collect();
        let judged = proof.judge(&sql_type, &spelled);
        let known = judged.values.len() + judged.wrong;
        assert!(judged.values.len() > count / 4 && known > count / 2, "{}: {:?}", kind.sql, judged.unread);
        proof.load(&sql_type, &judged.values);
    }
}

pub(crate) fn random_arrays(proof: &mut Proof, count: usize) {
    let mut random = Random::new(2);
    for kind in proof.kinds() {
        let Codec::Scalar(scalar) = proof.sql_type(kind.sql).codec() else { continue };
        let sql_type = proof.sql_type(&format!("{}[]", kind.sql));
        assert!(sql_type.codec().has_binary(), "{}", kind.sql);
        let spelled: Vec<String> = (0..count).map(|_| random::array(scalar, &mut random)).collect();
        let judged = proof.judge(&sql_type, &spelled);
        assert!(judged.values.len() > count / 8, "{}: {:?}", kind.sql, judged.unread);
        proof.load(&sql_type, &judged.values);
    }
}

pub(crate) fn spoiled_values(proof: &mut Proof, count: usize) {
    let mut random = Random::new(3);
    for kind in proof.kinds() {
        for (suffix, count) in [("", count), ("[]", count / 4)] {
            let element = proof.sql_type(kind.sql).codec();
            let Codec::Scalar(scalar) = element else { continue };
            let sql_type = proof.sql_type(&format!("{}{suffix}", kind.sql));
            let mut spoil = |_| {
                let text = match suffix {
                    "" => random::spelled(scalar, &mut random),
                    _ => random::array(scalar, &mut random),
                };
                random::spoiled(text, &mut random)
            };
            let spelled: Vec<String> = (0..count).map(&mut spoil).collect();
            let judged = proof.judge(&sql_type, &spelled);
            proof.load(&sql_type, &judged.values);
        }
    }
}

pub(crate) fn any_text(count: usize) {
    let mut random = Random::new(4);
    let mood = [SqlType::enumerated("mood", None), SqlType::enumerated_array("mood[]", NonZeroU32::new(1))];
    let named = kinds::ALL.iter().flat_map(|kind| {
        [SqlType::named(kind.sql), SqlType::named(&format!("{}[]", kind.sql.trim_end_matches("[]")))]
    });
    for sql_type in named.chain(mood) {
        let codec = sql_type.codec();
        for _ in 0..count {
            let text = random::any(&mut random);
            // A binary form may be asked for of any text.
            let _ = codec.put_binary(&text, &mut Vec::new());
            if let Ok(canonical) = canonical(codec, &text)
                && codec.has_binary()
            {
                let made = codec.put_binary(&canonical, &mut Vec::new());
                assert_eq!(made, Ok(()), "{text:?} as {}, {canonical:?}", sql_type.sql());
            }
        }
    }
}
