//! `report.html`: one file that needs nothing else.

use anyhow::{Context, Result};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Value, context};

use super::notes::Note;
use super::section::{Page, Prominence, Section};
use super::table::{Align, Cell, Column, Table, Tone, unbroken};

/// A chart as a page shows it: once for wide windows, once for phones.
#[derive(Debug)]
pub(crate) struct InlineChart {
    /// The name a section knows it by.
    pub name: String,
    /// SVG for a wide window.
    pub wide: String,
    /// SVG for a phone.
    pub narrow: String,
}

/// The page, with these charts in it.
///
/// # Errors
/// When a section names a chart that is not there.
pub(crate) fn page(page: &Page, charts: &[InlineChart]) -> Result<String> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.context("setting the template's syntax")?);
    environment
        .add_template("report.html", include_str!("../../assets/report.html"))
        .context("reading the page's template")?;
    let template = environment.get_template("report.html").context("reading the page's template")?;
    let sections: Vec<Value> = page.sections.iter().map(|s| section(s, charts)).collect::<Result<_>>()?;
    template
        .render(context! {
            title => &page.title,
            question => &page.question,
            origin => &page.origin,
            headline => page.headline.iter().map(|line| unbroken(line)).collect::<Vec<_>>(),
            sections,
        })
        .context("filling the page's template")
}

fn section(section: &Section, charts: &[InlineChart]) -> Result<Value> {
    let chart = |name: &str| {
        let chart = charts.iter().find(|c| c.name == name).with_context(|| format!("no chart {name:?}"))?;
        Ok(context! {
            wide => Value::from_safe_string(chart.wide.clone()),
            narrow => Value::from_safe_string(chart.narrow.clone()),
        })
    };
    let charts: Vec<Value> = section.charts.iter().map(|p| chart(&p.name)).collect::<Result<_>>()?;
    let notes = section.notes.iter().map(|note| {
        context! { text => unbroken(note.text()), warning => matches!(note, Note::Warning(_)) }
    });
    Ok(context! {
        title => &section.title,
        text => section.text.iter().map(|line| unbroken(line)).collect::<Vec<_>>(),
        table => section.table.as_ref().map(table),
        charts,
        notes => notes.collect::<Vec<_>>(),
        code => section.code.iter().map(|c| context! { text => &c.text, folded => &c.folded }).collect::<Vec<_>>(),
        folded => section.prominence != Prominence::Open,
    })
}

fn table(table: &Table) -> Value {
    let columns: Vec<Value> = table
        .columns
        .iter()
        .map(|c| {
            let number = c.align == Align::Right;
            context! { title => &c.title, help => &c.help, number, spare => spare(c).unwrap_or_default() }
        })
        .collect();
    let row = |row: &Vec<Cell>| -> Vec<Value> {
        row.iter()
            .zip(&table.columns)
            .map(|(cell, column)| {
                context! {
                    text => cell.text(),
                    code => matches!(cell, Cell::Code(_)),
                    class => class(cell, column),
                    title => &column.title,
                }
            })
            .collect()
    };
    let explained = table.columns.iter().any(|c| !c.help.is_empty());
    let headed = table.columns.iter().any(|c| !c.title.is_empty());
    context! { columns, rows => table.rows.iter().map(row).collect::<Vec<_>>(), explained, headed }
}

fn class(cell: &Cell, column: &Column) -> String {
    let mut classes = vec![if column.align == Align::Right { "number" } else { "words" }];
    classes.extend(cell.tone().map(|tone| match tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Alarm => "alarm",
        Tone::Muted => "muted",
    }));
    classes.extend(spare(column));
    classes.join(" ")
}

/// How soon a column leaves a window that is too narrow for all of them, as a class of the style sheet.
fn spare(column: &Column) -> Option<&'static str> {
    match column.spare {
        0 | 1 => None,
        2 => Some("spare"),
        _ => Some("spare-first"),
    }
}
