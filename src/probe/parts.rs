//! The tables that hold a table's rows.

/// A query for the oids of the table of the (quoted) name `$1` and of all its partitions, from the catalogue alone:
/// pg_partition_tree does the same, and not every server has it.
pub(crate) const PARTS: &str = "\
WITH RECURSIVE parts(relid) AS (
  SELECT $1::text::regclass::oid
  UNION
  SELECT i.inhrelid FROM parts JOIN pg_catalog.pg_inherits i ON i.inhparent = parts.relid
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE c.relispartition)
SELECT relid FROM parts";
