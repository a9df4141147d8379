//! The columns that rows can bring for a table.

use super::definition::{ColumnDefinition, Definition, TypeClass, Value};
use crate::dataset::Column;
use crate::value::SqlType;

/// The columns that rows can bring: all but those that the server computes.
pub(crate) fn columns(definition: &Definition) -> Vec<Column> {
    let computed = |column: &&ColumnDefinition| matches!(column.value, Value::Generated { .. });
    definition.columns.iter().filter(|column| !computed(column)).map(column).collect()
}

fn column(told: &ColumnDefinition) -> Column {
    let kind = match told.class {
        // Without its number: the rows are in the cache for any server.
        TypeClass::Enum if !told.is_domain => SqlType::enumerated(&told.type_name, None),
        TypeClass::Base | TypeClass::Enum | TypeClass::Array | TypeClass::Composite | TypeClass::Range => {
            SqlType::named(&told.type_name)
        }
    };
    let column = Column::new(&told.name, kind);
    if told.not_null { column } else { column.nullable() }
}
