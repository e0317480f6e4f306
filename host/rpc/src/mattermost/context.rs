//! What every hook call tells about who caused it.

crate::gob_struct! {
    /// Circumstances of a hook call, `plugin.Context`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Context = "Context" {
        /// The session, or empty. An id, not the token.
        pub session_id: String = "SessionId",
        /// The client's websocket connection; empty on servers that do not tell.
        pub connection_id: String = "ConnectionId",
        /// The server's name for this request, found in its log too.
        pub request_id: String = "RequestId",
        /// The client's address, trusted proxies' headers considered.
        pub ip_address: String = "IPAddress",
        /// The client's `Accept-Language`.
        pub accept_language: String = "AcceptLanguage",
        /// The client's `User-Agent`.
        pub user_agent: String = "UserAgent",
    }
}
