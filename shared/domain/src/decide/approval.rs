//! Approval (复核): what one operator proposes, another one grants.

use crate::command::Refusal;
use crate::ids::OperatorId;

/// Whoever moves money by hand is two people.
pub(super) fn two_people(
    proposed_by: &OperatorId,
    approved_by: &OperatorId,
) -> Result<(), Refusal> {
    if proposed_by == approved_by {
        Err(Refusal::SamePerson)
    } else {
        Ok(())
    }
}
