//! Users' preferences: small values by category and name.

use super::api::Call;
use super::call::app;
use super::registered::AppError;
use crate::net_rpc::Client;

crate::gob_struct! {
    /// One preference of one user, `model.Preference`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Preference = "Preference" {
        /// Whose it is.
        pub user_id: String = "UserId",
        /// The group it belongs to.
        pub category: String = "Category",
        /// Its name in the group.
        pub name: String = "Name",
        /// Its value, always text.
        pub value: String = "Value",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct GetArgs = "Z_GetPreferencesForUserArgs" {
        user: String = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct GetReturns = "Z_GetPreferencesForUserReturns" {
        preferences: Vec<Preference> = "A",
        error: Option<Box<AppError>> = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct DeleteArgs = "Z_DeletePreferencesForUserArgs" {
        user: String = "A",
        preferences: Vec<Preference> = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct DeleteReturns = "Z_DeletePreferencesForUserReturns" {
        error: Option<Box<AppError>> = "A",
    }
}

pub(super) fn get<'a>(client: &'a Client, user: &'a str) -> Call<'a, Vec<Preference>> {
    Box::pin(async move {
        let args = GetArgs {
            user: user.to_owned(),
        };
        let reply: GetReturns = client.call("Plugin.GetPreferencesForUser", &args).await?;
        app(reply.error)?;
        Ok(reply.preferences)
    })
}

pub(super) fn delete<'a>(
    client: &'a Client,
    user: &'a str,
    preferences: Vec<Preference>,
) -> Call<'a, ()> {
    Box::pin(async move {
        let args = DeleteArgs {
            user: user.to_owned(),
            preferences,
        };
        let reply: DeleteReturns = client
            .call("Plugin.DeletePreferencesForUser", &args)
            .await?;
        app(reply.error)
    })
}
