//! Charts on HTTP.

use super::model::ChartQuery;
use super::{draw, rules, store};
use crate::access::Access;
use crate::access::policy::ReadResults;
use crate::error::Result;
use crate::http::answers::Drawing;
use crate::http::parts::{Path, Query, Spoken};
use crate::http::registrar::Registrar;
use crate::ids::Key;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("charts", "Biểu đồ: results as pictures (SVG), to be shown, printed or put into a report.");
    api.path("/indicators/{indicator}/chart.svg")
        .get(
            draw_indicator_chart,
            "Draw the results of an indicator",
            "A series over periods with the target and the milestones on the way to it; or, with `breakdown=child`, a bar for each unit directly \
             below, in the order of their names, the target as a line. The numbers are those of `/indicators/{indicator}/results`: what is withheld \
             there is withheld here, and what nobody recorded is said and not drawn as 0. An indicator that is a status has no numbers: its series \
             is a row of marks with the state of each period. Titles and words follow `Accept-Language`. In a page, show it in an `<img>` from a \
             blob, for the request carries a token.",
        )
        .done();
}

async fn draw_indicator_chart(
    access: Access<ReadResults>,
    Path(key): Path<Key>,
    Query(query): Query<ChartQuery>,
    Spoken(language): Spoken,
) -> Result<Drawing> {
    let asked = access.snapshot(move |db| store::read(db, &key, &query)).await?;
    Ok(Drawing(draw::svg(&rules::chart(&asked, language))))
}
