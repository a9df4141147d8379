//! The columns that rows can bring for a table.

use super::definition::{ColumnDefinition, Definition, TypeClass, Value};
use crate::dataset::Column;
use crate::value::SqlType;

/// The columns that rows can bring: all but those that the server computes.
pub fn columns(definition: &Definition) -> Vec<Column> {
    let computed = |column: &&ColumnDefinition| matches!(column.value, Value::Generated { .. });
    definition.columns.iter().filter(|column| !computed(column)).map(column).collect()
}

fn column(told: &ColumnDefinition) -> Column {
    let base = match told.class {
        // Without its number: the rows are in the cache for any server.
        TypeClass::Enum => SqlType::enumerated(&told.base_type, None),
        TypeClass::Base | TypeClass::Array | TypeClass::Composite | TypeClass::Range => {
            SqlType::named(&told.base_type)
        }
    };
    let kind = if told.is_domain { SqlType::domain(&told.type_name, &base) } else { base };
    let column = Column::new(&told.name, kind).labelled(&told.labels);
    if told.not_null { column } else { column.nullable() }
}
