//! Files attached to posts.

use super::api::Call;
use super::call::{app, present};
use super::registered::AppError;
use crate::gob::Bytes;
use crate::net_rpc::Client;

crate::gob_struct! {
    /// What the server keeps about a file, `model.FileInfo`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct FileInfo = "FileInfo" {
        /// The 26-character id, to be named in a post's `file_ids`.
        pub id: String = "Id",
        /// Who uploaded it: `nouser` for a plugin.
        pub creator_id: String = "CreatorId",
        /// The post it belongs to, or empty.
        pub post_id: String = "PostId",
        /// The channel it was uploaded for.
        pub channel_id: String = "ChannelId",
        /// Milliseconds since 1970.
        pub create_at: i64 = "CreateAt",
        /// File name.
        pub name: String = "Name",
        /// The name's extension, without the dot.
        pub extension: String = "Extension",
        /// Bytes.
        pub size: i64 = "Size",
        /// Media type.
        pub mime_type: String = "MimeType",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct UploadArgs = "Z_UploadFileArgs" {
        data: Bytes = "A",
        channel: String = "B",
        name: String = "C",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct UploadReturns = "Z_UploadFileReturns" {
        info: Option<Box<FileInfo>> = "A",
        error: Option<Box<AppError>> = "B",
    }
}

pub(super) fn upload<'a>(
    client: &'a Client,
    data: Vec<u8>,
    channel: &'a str,
    name: &'a str,
) -> Call<'a, FileInfo> {
    Box::pin(async move {
        let args = UploadArgs {
            data: Bytes(data),
            channel: channel.to_owned(),
            name: name.to_owned(),
        };
        let reply: UploadReturns = client.call("Plugin.UploadFile", &args).await?;
        app(reply.error)?;
        present(reply.info)
    })
}
