//! What has to hold of the axes of an experiment, and of its rows.

use anyhow::Result;

use super::Experiment;
use super::case::{ListedCase, varies_in_none};
use crate::model::Axis;
use crate::usage;

impl Experiment {
    /// What is compared differs in some case, and so does what a curve is drawn over.
    pub(super) fn check_compare(&self) -> Result<()> {
        if self.compare == Some(Axis::Flush) {
            return Err(usage!("compare = \"flush\": name server, whose disks differ in it"));
        }
        for axis in self.x.iter().chain(&self.compare) {
            let says = |case: &ListedCase| {
                matches!(axis, Axis::Method | Axis::Server | Axis::Flush)
                    || case.key.without(axis) != case.key
            };
            if !self.cases.iter().any(says) {
                return Err(varies_in_none(axis.name()));
            }
        }
        Ok(())
    }

    /// Every dataset that is listed is well formed, and some case loads it.
    pub(super) fn check_data(&self) -> Result<()> {
        self.data.iter().try_for_each(|data| data.check("[data]"))?;
        for (name, data) in &self.datasets {
            data.check(&format!("[datasets.{name}]"))?;
            let named = |case: &ListedCase| case.key.axes.dataset.as_ref() == Some(name);
            if !self.cases.iter().any(named) {
                return Err(usage!(
                    "[datasets.{name}]: no case loads it; give one `dataset = \"{name}\"`, or leave it out"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_over_flushes_and_their_disks_are_compared_as_servers() {
        let parse = |key: &str| {
            let text = format!(
                "id = 's'\ntitle = 't'\nquestion = 'q'\nrounds = 1\nbaseline = 'copy-csv'\n{key} = 'flush'\n\
                 [[case]]\nmethod = 'copy-csv'\n"
            );
            Experiment::parse(&text, "s.toml")
        };
        assert_eq!(parse("x").unwrap().x, Some(Axis::Flush));
        assert!(format!("{:#}", parse("compare").unwrap_err()).contains("name server"));
    }
}
