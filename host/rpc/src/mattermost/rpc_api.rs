//! The API over RPC.
//!
//! Each method is a [`Method`] value: its name, the schemas of its arguments and results, and the function that
//! reads its result. The same code makes all calls, so that a method adds data to the executable and almost no
//! code.
//!
//! A method reports failure with an `AppError` struct in the reply, with a Go `error` in the reply, or with an RPC
//! error. A method without an error result returns a zero value if it fails.

use super::api_error::{ApiError, Call};
use super::model::{Any, AppError};
use crate::gob::{Bytes, Decode, DecodeError, Empty, Field, Reader, StructSchema};
use crate::net_rpc::{BoxedReply, CallError, Client, ReadReply};

/// The server's API on the stream whose broker ID the server passes to `OnActivate`. Any number of tasks can make
/// calls; the server executes them concurrently and replies in any order.
#[derive(Clone)]
pub struct RpcApi {
    pub(super) client: Client,
}

impl RpcApi {
    /// The API over a connected client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl std::fmt::Debug for RpcApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RpcApi")
    }
}

/// A method of the API. Use [`method!`] to make one.
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) arguments: StructSchema,
    pub(super) results: StructSchema,
    /// Reads the value, which is the first result. `None` if the method has no value.
    pub(super) value: Option<ReadValue>,
    pub(super) failure: Failure,
}

type ReadValue = fn(&mut Reader<'_>, i64) -> Result<BoxedReply, DecodeError>;

/// The type of a method's error result, which is its last result.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The method has no error result.
    None,
    /// `*model.AppError`.
    App,
    /// `error`.
    Go,
}

/// Makes a [`Method`] from its Go name, the fields of its argument and result structs, the function that reads its
/// value, and the type of its error.
macro_rules! method {
    (
        $name:literal,
        ($($argument:literal: $argument_type:ty),*),
        ($($result:literal: $result_type:ty),*),
        $value:expr,
        $failure:expr
    ) => {
        $crate::mattermost::rpc_api::Method {
            name: concat!("Plugin.", $name),
            arguments: $crate::gob::StructSchema {
                name: concat!("Z_", $name, "Args"),
                names: &[$($argument),*],
                schemas: &[$(<$argument_type as $crate::gob::Encode>::schema),*],
            },
            results: $crate::gob::StructSchema {
                name: concat!("Z_", $name, "Returns"),
                names: &[$($result),*],
                schemas: &[$(<$result_type as $crate::gob::Encode>::schema),*],
            },
            value: $value,
            failure: $failure,
        }
    };
}
pub(super) use method;

/// Reads a value and erases its type.
pub(super) fn read<T: Decode + Send + 'static>(
    reader: &mut Reader<'_>,
    id: i64,
) -> Result<BoxedReply, DecodeError> {
    Ok(Box::new(T::decode(reader, id)?))
}

/// The results of a call.
#[derive(Default)]
struct Results {
    value: Option<BoxedReply>,
    error: Option<ApiError>,
}

impl ReadReply for Method {
    fn read(&'static self, reader: &mut Reader<'_>, id: i64) -> Result<BoxedReply, DecodeError> {
        let mut results = Results::default();
        if self.results.names.is_empty() {
            let Empty = Empty::decode(reader, id)?;
            return Ok(Box::new(results));
        }
        let mut fields = reader.begin(&self.results, id)?;
        while let Some((field, id)) = reader.field(&mut fields)? {
            match (field, self.value) {
                (0, Some(read)) => results.value = Some(read(reader, id)?),
                _ if self.failure == Failure::App => {
                    results.error = Some(AppError::decode(reader, id)?.into());
                }
                _ => results.error = go_error(Any::decode(reader, id)?).err(),
            }
        }
        Ok(Box::new(results))
    }
}

impl RpcApi {
    async fn call(
        &self,
        method: &'static Method,
        arguments: Vec<Field<'_>>,
    ) -> Result<Option<BoxedReply>, ApiError> {
        let client = &self.client;
        let boxed = client.call_boxed(method.name, &method.arguments, &arguments, method);
        let results = boxed
            .await?
            .downcast::<Results>()
            .map_err(|_| wrong_type())?;
        results.error.map_or(Ok(results.value), Err)
    }

    /// Calls a method that returns a pointer. A nil pointer without an error is an error.
    pub(super) fn required<'a, T: Send + 'static>(
        &'a self,
        method: &'static Method,
        arguments: Vec<Field<'a>>,
    ) -> Call<'a, T> {
        Box::pin(async move {
            let value = self.call(method, arguments).await?.ok_or_else(|| {
                ApiError::Rpc("the server returned neither a value nor an error".to_owned())
            });
            typed(value?)
        })
    }

    /// Calls a method that returns a pointer. A nil pointer and status 404 are `None`.
    pub(super) fn optional<'a, T: Send + 'static>(
        &'a self,
        method: &'static Method,
        arguments: Vec<Field<'a>>,
    ) -> Call<'a, Option<T>> {
        Box::pin(async move {
            match self.call(method, arguments).await {
                Ok(value) => value.map(typed).transpose(),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    /// Calls a method that returns a value. A zero value is not sent.
    pub(super) fn value<'a, T: Default + Send + 'static>(
        &'a self,
        method: &'static Method,
        arguments: Vec<Field<'a>>,
    ) -> Call<'a, T> {
        Box::pin(async move {
            let value = self.call(method, arguments).await?;
            value.map_or_else(|| Ok(T::default()), typed)
        })
    }

    /// Calls a method that returns bytes.
    pub(super) fn bytes<'a>(
        &'a self,
        method: &'static Method,
        arguments: Vec<Field<'a>>,
    ) -> Call<'a, Vec<u8>> {
        Box::pin(async move {
            let bytes = self.optional_bytes(method, arguments).await?;
            Ok(bytes.unwrap_or_default())
        })
    }

    /// Calls a method that returns bytes. An empty result is `None`.
    pub(super) fn optional_bytes<'a>(
        &'a self,
        method: &'static Method,
        arguments: Vec<Field<'a>>,
    ) -> Call<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let value = self.call(method, arguments).await?.map(typed::<Bytes>);
            Ok(value.transpose()?.map(|bytes| bytes.0))
        })
    }

    /// Calls a method that returns nothing but an error.
    pub(super) fn unit<'a>(
        &'a self,
        method: &'static Method,
        arguments: Vec<Field<'a>>,
    ) -> Call<'a, ()> {
        Box::pin(async move { self.call(method, arguments).await.map(drop) })
    }
}

fn typed<T: 'static>(value: BoxedReply) -> Result<T, ApiError> {
    value
        .downcast()
        .map(|value| *value)
        .map_err(|_| wrong_type())
}

/// A generated function expects another type than its [`Method`] reads.
fn wrong_type() -> ApiError {
    ApiError::Rpc("the value has another type than expected".to_owned())
}

impl From<AppError> for ApiError {
    fn from(error: AppError) -> Self {
        Self::App {
            id: error.id,
            message: error.message,
            status_code: error.status_code,
            where_: error.where_,
            detailed: error.detailed_error,
        }
    }
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Closed => Self::Closed,
            CallError::Remote(text) => Self::Rpc(text),
            CallError::Decode(DecodeError::TooLarge(_)) => Self::TooLarge,
            other @ (CallError::Decode(_) | CallError::Encode(_)) => Self::Rpc(other.to_string()),
        }
    }
}

/// Converts a Go `error`.
fn go_error(error: Any) -> Result<(), ApiError> {
    Err(match error {
        Any::Nil => return Ok(()),
        Any::AppError(error) => (*error).into(),
        Any::ErrorString(error) => ApiError::Go(error.err),
        Any::PqError(error) => {
            ApiError::Go(format!("database: {} ({})", error.message, error.code))
        }
        Any::String(text) => ApiError::Go(text),
        other => ApiError::Go(format!("an error of an unknown type: {other:?}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mattermost::{ErrorString, PqError};

    fn not_found() -> AppError {
        AppError {
            id: "app.x".to_owned(),
            message: "Gone.".to_owned(),
            status_code: 404,
            ..AppError::default()
        }
    }

    #[test]
    fn an_app_error_keeps_its_status_as_a_struct_and_as_a_go_error() {
        let direct = ApiError::from(not_found());
        let inside = go_error(Any::AppError(Box::new(not_found()))).unwrap_err();
        assert!(direct.is_not_found());
        assert_eq!(direct, inside);
    }

    #[test]
    fn a_go_error_keeps_its_text() {
        let error = ErrorString {
            code: 0,
            err: "trigger is taken".to_owned(),
        };
        let failed = go_error(Any::ErrorString(Box::new(error)));
        assert_eq!(failed, Err(ApiError::Go("trigger is taken".to_owned())));
        let error = PqError {
            code: "23505".to_owned(),
            message: "duplicate key".to_owned(),
            ..PqError::default()
        };
        let failed = go_error(Any::PqError(Box::new(error)));
        assert_eq!(
            failed,
            Err(ApiError::Go("database: duplicate key (23505)".to_owned()))
        );
    }

    #[test]
    fn an_error_of_an_unknown_type_is_still_an_error() {
        assert!(
            matches!(go_error(Any::Dropped("*x.Error".to_owned())), Err(ApiError::Go(text)) if text.contains("*x.Error"))
        );
        assert_eq!(go_error(Any::Nil), Ok(()));
    }

    #[test]
    fn a_reply_that_is_too_large_has_its_own_error() {
        let too_large = CallError::Decode(DecodeError::TooLarge("x"));
        assert_eq!(ApiError::from(too_large), ApiError::TooLarge);
        let wrong = CallError::Decode(DecodeError::Malformed("x"));
        assert!(matches!(ApiError::from(wrong), ApiError::Rpc(_)));
    }
}
