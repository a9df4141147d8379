//! The queries of PostgreSQL's catalogue, for versions from 12 on; `$1` is the oid of a table.

/// A server's version, as `server_version_num` has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Version(pub i32);

/// Name, access method where it is not heap, tablespace, storage parameters with those of its TOAST table.
pub(crate) const TABLE: &str = "\
SELECT c.relname::text, nullif(am.amname::text, 'heap'), ts.spcname::text,
  coalesce(c.reloptions, '{}') || coalesce(
    (SELECT array_agg('toast.' || o) FROM unnest(toast.reloptions) AS o), '{}')
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN pg_catalog.pg_class toast ON toast.oid = c.reltoastrelid
WHERE c.oid = $1";

/// The tables that a table inherits from.
pub(crate) const INHERITS: &str = "\
SELECT i.inhparent::pg_catalog.regclass::text
FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
WHERE i.inhrelid = $1 AND NOT c.relispartition ORDER BY i.inhseqno";

/// The columns in order. An expression that names none is read without the table: with it, each would take a
/// pass over all columns.
pub(crate) fn columns(version: Version) -> String {
    let compression = if version.0 >= 140_000 { "a.attcompression::text" } else { "''::text" };
    format!(
        "\
SELECT a.attname::text AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type_name,
  a.atttypid AS type_oid, base.typtype::text AS class, base.typcategory::text AS category,
  t.typtype = 'd' AS is_domain, pg_catalog.format_type(base.oid, base.modifiers) AS base_type,
  ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = base.oid
        ORDER BY e.enumsortorder) AS labels,
  CASE coalesce(element.typtype, base.typtype) WHEN 'e' THEN 'enum'
    ELSE pg_catalog.format_type(coalesce(element.oid, base.oid), NULL) END AS made_of, a.attnotnull AS not_null,
  CASE WHEN a.attcollation <> t.typcollation THEN
    CASE WHEN pg_catalog.pg_collation_is_visible(co.oid) THEN '' ELSE pg_catalog.quote_ident(con.nspname) || '.' END
    || pg_catalog.quote_ident(co.collname) END AS collation,
  pg_catalog.pg_get_expr(d.adbin, CASE a.attgenerated WHEN '' THEN 0 ELSE d.adrelid END, true) AS expression,
  a.attidentity::text AS identity, a.attgenerated::text AS generated,
  CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END AS storage,
  {compression} AS compression, nullif(a.attstattarget::int, -1) AS target,
  coalesce(a.attoptions, '{{}}') AS options
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN LATERAL (
  WITH RECURSIVE below AS (
    SELECT t.oid, t.typtype, t.typcategory, t.typbasetype, t.typelem, t.typtypmod AS below, a.atttypmod AS modifiers
    UNION ALL
    SELECT b.oid, b.typtype, b.typcategory, b.typbasetype, b.typelem, b.typtypmod, below.below
    FROM below JOIN pg_catalog.pg_type b ON b.oid = below.typbasetype WHERE below.typtype = 'd')
  SELECT oid, typtype, typcategory, typelem, modifiers FROM below WHERE typtype <> 'd') base ON true
LEFT JOIN pg_catalog.pg_type element ON base.typcategory = 'A' AND element.oid = base.typelem
LEFT JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation
LEFT JOIN pg_catalog.pg_namespace con ON con.oid = co.collnamespace
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum"
    )
}

/// The sequences that a column has for its identity (i), owns (a) or draws from (n): each once, by its
/// strongest bond.
pub(crate) const SEQUENCES: &str = "\
SELECT DISTINCT ON (a.attnum, s.seqrelid)
  s.seqrelid::pg_catalog.regclass::text AS name, a.attname::text AS column_name, bound.bond,
  c.relnamespace = t.relnamespace AS is_home,
  pg_catalog.pg_get_expr(d.adbin, CASE a.attgenerated WHEN '' THEN 0 ELSE d.adrelid END, true) AS expression,
  pg_catalog.format_type(s.seqtypid, NULL) AS type_name, s.seqstart AS start, s.seqincrement AS increment,
  s.seqmin AS least, s.seqmax AS greatest, s.seqcache AS cache, s.seqcycle AS cycles
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class t ON t.oid = a.attrelid AND NOT t.relispartition
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
CROSS JOIN LATERAL (
  SELECT o.objid AS sequence, o.deptype::text AS bond FROM pg_catalog.pg_depend o
  WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum AND o.deptype IN ('i', 'a')
  UNION ALL
  SELECT u.refobjid, 'n' FROM pg_catalog.pg_depend u
  WHERE u.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND u.objid = d.oid
    AND u.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND u.deptype = 'n') bound
JOIN pg_catalog.pg_sequence s ON s.seqrelid = bound.sequence
JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum, s.seqrelid, CASE bound.bond WHEN 'i' THEN 0 WHEN 'a' THEN 1 ELSE 2 END";

/// The constraints that are a table's own, by kind and name. NOT NULL is said of columns, constraint triggers
/// are triggers.
pub(crate) const CONSTRAINTS: &str = "\
SELECT c.conname::text AS name, c.contype::text AS kind,
  pg_catalog.pg_get_constraintdef(c.oid, true) AS definition,
  ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k(num, place)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num ORDER BY k.place) AS columns,
  c.convalidated AS is_valid, c.condeferrable AS is_deferrable,
  CASE WHEN c.contype = 'f' THEN c.confrelid::pg_catalog.regclass::text END AS refers_to,
  coalesce(i.reloptions, '{}') AS parameters
FROM pg_catalog.pg_constraint c
LEFT JOIN pg_catalog.pg_class i ON i.oid = c.conindid AND c.contype IN ('p', 'u', 'x')
WHERE c.conrelid = $1 AND c.contype IN ('p', 'u', 'x', 'c', 'f') AND c.conparentid = 0
  AND (c.contype <> 'c' OR c.coninhcount = 0)
ORDER BY c.contype, c.conname";

/// The indexes that are a table's own, by name.
pub(crate) const INDEXES: &str = "\
SELECT c.relname::text AS name, pg_catalog.quote_ident(c.relname) AS quoted, am.amname::text AS method,
  pg_catalog.pg_get_indexdef(i.indexrelid, 0, true) AS definition,
  i.indisunique AS is_unique, i.indisvalid AND i.indisready AS is_valid, i.indpred IS NOT NULL AS is_partial,
  (SELECT o.conname::text FROM pg_catalog.pg_constraint o
   WHERE o.conindid = i.indexrelid AND o.conrelid = i.indrelid AND o.contype IN ('p', 'u', 'x')) AS constraint,
  ARRAY(SELECT a.attname::text FROM generate_series(0, i.indnkeyatts - 1) AS k
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] AND a.attnum > 0
        ORDER BY k) AS columns,
  -- Those of its expressions and of its condition among them.
  ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND (
          a.attnum = ANY (i.indkey::int2[]) OR EXISTS (
            SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid
              AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
              AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))
        ORDER BY a.attnum) AS speaks_of,
  coalesce(c.reloptions, '{}') AS parameters
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am am ON am.oid = c.relam
WHERE i.indrelid = $1 AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = i.indexrelid)
ORDER BY c.relname";

/// The triggers that are a table's own, by name; those of foreign keys belong to these.
pub(crate) const TRIGGERS: &str = "\
SELECT t.tgname::text AS name, pg_catalog.pg_get_triggerdef(t.oid, true) AS definition,
  t.tgenabled::text AS state, t.tgtype & 4 <> 0 AS on_insert
FROM pg_catalog.pg_trigger t
WHERE t.tgrelid = $1 AND NOT t.tgisinternal AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend d
  WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND d.objid = t.oid
    AND d.refclassid = 'pg_catalog.pg_trigger'::pg_catalog.regclass)
ORDER BY t.tgname";

/// CREATE RULE.
pub(crate) const RULES: &str = "\
SELECT rtrim(pg_catalog.pg_get_ruledef(oid, true), '; ') FROM pg_catalog.pg_rewrite
WHERE ev_class = $1 AND rulename <> '_RETURN' ORDER BY rulename";

/// CREATE STATISTICS, and the schema that it names.
pub(crate) const STATISTICS: &str = "\
SELECT pg_catalog.pg_get_statisticsobjdef(s.oid), pg_catalog.quote_ident(n.nspname)
FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
WHERE s.stxrelid = $1 ORDER BY s.stxname";

/// What a table is partitioned by, and the plain columns of that.
pub(crate) const PARTITION_KEY: &str = "\
SELECT pg_catalog.pg_get_partkeydef(p.partrelid),
  ARRAY(SELECT a.attname::text FROM unnest(p.partattrs) AS k(num)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = k.num),
  p.partexprs IS NOT NULL
FROM pg_catalog.pg_partitioned_table p WHERE p.partrelid = $1";

/// The partitions right below a table, with their bounds, by name.
pub(crate) const PARTITIONS: &str = "\
SELECT c.oid, pg_catalog.pg_get_expr(c.relpartbound, c.oid)
FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = $1 AND c.relispartition ORDER BY c.relname";

/// The tables of the session's schema.
pub(crate) const TABLES: &str = "\
SELECT c.relname::text FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = pg_catalog.current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname";
