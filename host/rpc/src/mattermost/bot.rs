//! The plugin's bot account.

use super::api::Call;
use super::call::{app, go};
use super::registered::AppError;
use crate::gob::{Any, Bytes};
use crate::net_rpc::Client;

crate::gob_struct! {
    /// A bot account, `model.Bot`. The server fills in the owner: the calling plugin.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Bot = "Bot" {
        /// The name after the `@`, in lower case.
        pub username: String = "Username",
        /// What people read.
        pub display_name: String = "DisplayName",
        /// One sentence about it.
        pub description: String = "Description",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct EnsureArgs = "Z_EnsureBotUserArgs" {
        bot: Option<Box<Bot>> = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct EnsureReturns = "Z_EnsureBotUserReturns" {
        user: String = "A",
        error: Any = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ImageArgs = "Z_SetProfileImageArgs" {
        user: String = "A",
        image: Bytes = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ImageReturns = "Z_SetProfileImageReturns" {
        error: Option<Box<AppError>> = "A",
    }
}

pub(super) fn ensure(client: &Client, bot: Bot) -> Call<'_, String> {
    Box::pin(async move {
        let args = EnsureArgs {
            bot: Some(Box::new(bot)),
        };
        let reply: EnsureReturns = client.call("Plugin.EnsureBotUser", &args).await?;
        go(reply.error)?;
        Ok(reply.user)
    })
}

pub(super) fn set_profile_image<'a>(
    client: &'a Client,
    user: &'a str,
    image: &'a [u8],
) -> Call<'a, ()> {
    Box::pin(async move {
        let args = ImageArgs {
            user: user.to_owned(),
            image: Bytes(image.to_vec()),
        };
        let reply: ImageReturns = client.call("Plugin.SetProfileImage", &args).await?;
        app(reply.error)
    })
}
