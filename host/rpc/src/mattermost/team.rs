//! Teams.

use super::api::Call;
use super::call::app;
use super::registered::AppError;
use crate::net_rpc::Client;

crate::gob_struct! {
    /// A team, `model.Team`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Team = "Team" {
        /// The 26-character ID.
        pub id: String = "Id",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct TeamsArgs = "Z_GetTeamsForUserArgs" {
        user: String = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct TeamsReturns = "Z_GetTeamsForUserReturns" {
        teams: Vec<Team> = "A",
        error: Option<Box<AppError>> = "B",
    }
}

pub(super) fn of_user<'a>(client: &'a Client, user: &'a str) -> Call<'a, Vec<Team>> {
    Box::pin(async move {
        let args = TeamsArgs {
            user: user.to_owned(),
        };
        let reply: TeamsReturns = client.call("Plugin.GetTeamsForUser", &args).await?;
        app(reply.error)?;
        Ok(reply.teams)
    })
}
