//! Records without what is this machine's or this user's alone: the texts in them that others wrote, such
//! as errors, or that hold a path or an address. Ids, settings and figures are the program's own words.

use crate::model::findings::{Finding, Findings};
use crate::model::{Provenance, Run, Sample, ServerFacts, Statement};
use crate::redact::Redactor;

impl Run {
    /// The run as it may be published.
    pub(crate) fn redacted(mut self, redactor: &Redactor) -> Self {
        self.provenance.redact(redactor);
        self.server.redact(redactor);
        self.servers.values_mut().for_each(|server| server.redact(redactor));
        self.making.after.iter_mut().for_each(|sql| redactor.within(sql));
        for case in &mut self.plan.cases {
            let texts = [&mut case.rows_reason, &mut case.unavailable, &mut case.failed_trial];
            texts.into_iter().flatten().for_each(|text| redactor.within(text));
            if let Some(program) = &mut case.program {
                redactor.within(&mut program.command);
                program.version.iter_mut().for_each(|version| redactor.within(version));
            }
        }
        self
    }
}

impl Statement {
    /// The statement as it may be published: the path of a file may be in it.
    pub(crate) fn redacted(mut self, redactor: &Redactor) -> Self {
        redactor.within(&mut self.sql);
        self
    }
}

impl Sample {
    /// The sample as it may be published.
    pub(crate) fn redacted(mut self, redactor: &Redactor) -> Self {
        self.error.iter_mut().for_each(|error| redactor.within(error));
        let damage = self.crash.iter_mut().flat_map(|crash| &mut crash.damage);
        damage.for_each(|words| redactor.within(words));
        // A standby is often called like its machine.
        let settings = self.session.iter_mut().flat_map(|session| session.settings.values_mut());
        settings.for_each(|value| redactor.within(value));
        self
    }
}

impl Findings {
    /// The findings as they may be published.
    pub(crate) fn redacted(mut self, redactor: &Redactor) -> Self {
        self.provenance.redact(redactor);
        self.server.redact(redactor);
        for caveat in &mut self.caveats {
            let findings = std::mem::take(&mut caveat.findings);
            caveat.findings = findings.into_iter().map(|finding| finding.redacted(redactor)).collect();
        }
        self
    }
}

impl Finding {
    /// The finding as it may be published; the rows in it are those of a file of the program's, and stay.
    pub(crate) fn redacted(mut self, redactor: &Redactor) -> Self {
        redactor.within(&mut self.what);
        let error = self.error.as_mut().map(|error| &mut error.message);
        let texts = error.into_iter().chain(&mut self.notices).chain(&mut self.unavailable);
        texts.for_each(|text| redactor.within(text));
        self
    }
}

impl ServerFacts {
    /// The facts as they may be published.
    pub(crate) fn redacted(mut self, redactor: &Redactor) -> Self {
        self.redact(redactor);
        self
    }

    fn redact(&mut self, redactor: &Redactor) {
        redactor.within(&mut self.reason);
        // Paths and connection strings of other servers may be among them.
        self.given.values_mut().for_each(|value| redactor.within(value));
        self.settings.values_mut().for_each(|value| redactor.within(value));
        self.absent.reasons_mut().for_each(|why| redactor.within(why));
        self.unmeasured.iter_mut().for_each(|why| redactor.within(why));
    }
}

impl Provenance {
    fn redact(&mut self, redactor: &Redactor) {
        redactor.within(&mut self.command);
        let settings = self.asked.iter_mut().flat_map(|asked| asked.settings.values_mut());
        settings.for_each(|value| redactor.within(value));
    }
}
