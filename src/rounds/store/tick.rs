//! What the calendar does: opening rounds on their day and reminding of them, each exactly once.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{read, write};
use crate::db::Tx;
use crate::db::schema::{reporting_rounds, round_reminders};
use crate::error::Result;
use crate::ids::{Key, RoundId};
use crate::journal::{self, Entry};
use crate::rounds::model::{ReportingRound, RoundStatus};

/// Opens the rounds whose day has come, and tells the feed of the open ones that it is to be reminded of. Answers how many it did.
///
/// # Errors
/// Database errors.
pub fn keep_calendar(tx: &mut Tx<'_>) -> Result<usize> {
    Ok(open_due(tx)? + remind_due(tx)?)
}

fn open_due(tx: &mut Tx<'_>) -> Result<usize> {
    let due: Vec<RoundId> = reporting_rounds::table
        .filter(reporting_rounds::status.eq(RoundStatus::Draft))
        .filter(reporting_rounds::opens_on.le(tx.today()))
        .order_by(reporting_rounds::id)
        .select(reporting_rounds::id)
        .load(tx.conn)?;
    let mut opened = 0;
    for id in due {
        let locked = write::lock(tx, &Key::from(id))?;
        // Somebody may have opened it by hand while we waited for it.
        if locked.round.status == RoundStatus::Draft {
            write::open(tx, &locked)?;
            let after = read::get(tx, &Key::from(id))?;
            tell(tx, "reporting_round.open", "reporting_round.opened", &after)?;
            opened += 1;
        }
    }
    Ok(opened)
}

fn remind_due(tx: &mut Tx<'_>) -> Result<usize> {
    let due: Vec<(RoundId, NaiveDate)> = round_reminders::table
        .inner_join(reporting_rounds::table.on(reporting_rounds::id.eq(round_reminders::round_id)))
        .filter(round_reminders::told_at.is_null())
        .filter(round_reminders::on_date.le(tx.today()))
        .filter(reporting_rounds::status.eq(RoundStatus::Open))
        .order_by((round_reminders::round_id, round_reminders::on_date))
        .select((round_reminders::round_id, round_reminders::on_date))
        .load(tx.conn)?;
    let mut reminded = 0;
    for (id, day) in due {
        write::hold(tx, id)?;
        // Somebody may have closed it while we waited for it.
        let round = read::get(tx, &Key::from(id))?;
        if round.status != RoundStatus::Open {
            continue;
        }
        let row = round_reminders::table.filter(round_reminders::round_id.eq(id)).filter(round_reminders::on_date.eq(day));
        let told = diesel::update(row.filter(round_reminders::told_at.is_null())).set(round_reminders::told_at.eq(Some(tx.now())));
        if told.execute(tx.conn)? > 0 {
            tell(tx, "reporting_round.remind", "reporting_round.reminded", &round)?;
            reminded += 1;
        }
    }
    Ok(reminded)
}

fn tell(tx: &mut Tx<'_>, action: &'static str, event: &'static str, round: &ReportingRound) -> Result<()> {
    let entry = Entry::new(action, Some(event), "reporting_round", round.id.any()).told(None, Some(round), None)?;
    journal::append(tx, Entry { unit: Some(round.owes.within.id), code: Some(round.code.clone()), ..entry })
}
