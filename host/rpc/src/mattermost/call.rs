//! How calls are made and how answers become results.
//!
//! Each method of the API is a value, [`Method`]: its name, the fields of its arguments, and how its results are read. One
//! piece of code makes all calls, so that a method adds data to the executable and next to no code.
//!
//! Methods fail in three ways: an `AppError` struct in the answer, a Go error interface in the answer,
//! or no answer at all. And a method without an error result answers with nothing where it failed.

use super::AppError;
use super::api::{ApiError, Call};
use crate::gob::{Any, Bytes, Decode, DecodeError, Empty, Field, Reader, StructSchema};
use crate::net_rpc::{Boxed, CallError, Client, ReadReply};

/// The server's API on a stream dialled with the broker id that `OnActivate` names. Calls may be made
/// from any number of tasks; the server answers them concurrently and in any order.
#[derive(Clone)]
pub struct RpcApi {
    pub(super) client: Client,
}

impl RpcApi {
    /// The API behind a client whose stream is connected.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl std::fmt::Debug for RpcApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RpcApi")
    }
}

/// One method of the API. Made by [`method!`].
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) arguments: StructSchema,
    pub(super) results: StructSchema,
    /// Reads the value, which is the first result if there is one.
    pub(super) value: Option<ReadValue>,
    pub(super) failure: Failure,
}

type ReadValue = fn(&mut Reader<'_>, i64) -> Result<Boxed, DecodeError>;

/// How the last result reports a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing: it is a value.
    None,
    /// It is an `*model.AppError`.
    App,
    /// It is an `error`.
    Go,
}

/// A [`Method`]: its Go name, its arguments and results as they travel, how to read its value, and how it fails.
macro_rules! method {
    (
        $name:literal,
        ($($argument:literal: $argument_type:ty),*),
        ($($result:literal: $result_type:ty),*),
        $value:expr,
        $failure:expr
    ) => {
        $crate::mattermost::call::Method {
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

/// Reads a value and forgets its type.
pub(super) fn read<T: Decode + Send + 'static>(
    reader: &mut Reader<'_>,
    id: i64,
) -> Result<Boxed, DecodeError> {
    Ok(Box::new(T::decode(reader, id)?))
}

/// The results of a call.
#[derive(Default)]
struct Answer {
    value: Option<Boxed>,
    error: Option<ApiError>,
}

impl ReadReply for Method {
    fn read(&'static self, reader: &mut Reader<'_>, id: i64) -> Result<Boxed, DecodeError> {
        let mut answer = Answer::default();
        if self.results.names.is_empty() {
            let Empty = Empty::decode(reader, id)?;
            return Ok(Box::new(answer));
        }
        let mut fields = reader.begin(&self.results, id)?;
        while let Some((field, id)) = reader.field(&mut fields)? {
            match (field, self.value) {
                (0, Some(read)) => answer.value = Some(read(reader, id)?),
                _ if self.failure == Failure::App => {
                    answer.error = Some(AppError::decode(reader, id)?.into());
                }
                _ => answer.error = go(Any::decode(reader, id)?).err(),
            }
        }
        Ok(Box::new(answer))
    }
}

impl RpcApi {
    async fn call(
        &self,
        method: &'static Method,
        arguments: Vec<Field<'_>>,
    ) -> Result<Option<Boxed>, ApiError> {
        let client = &self.client;
        let boxed = client.call_boxed(method.name, &method.arguments, &arguments, method);
        let answer = boxed.await?.downcast::<Answer>().map_err(|_| untyped())?;
        answer.error.map_or(Ok(answer.value), Err)
    }

    /// A method whose value is a pointer that goes with an absent error.
    pub(super) fn present<'a, T: Send + 'static>(
        &'a self,
        method: &'static Method,
        arguments: Vec<Field<'a>>,
    ) -> Call<'a, T> {
        Box::pin(async move {
            let value = self.call(method, arguments).await?.ok_or_else(|| {
                ApiError::Rpc("the server answered with neither a value nor an error".to_owned())
            });
            typed(value?)
        })
    }

    /// A method whose value is a pointer; nothing or status 404 is none.
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

    /// A method whose value is not sent where it is empty.
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

    /// A method that answers with bytes.
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

    /// A method that answers with bytes or none.
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

    /// A method that answers with nothing, or why it failed.
    pub(super) fn nothing<'a>(
        &'a self,
        method: &'static Method,
        arguments: Vec<Field<'a>>,
    ) -> Call<'a, ()> {
        Box::pin(async move { self.call(method, arguments).await.map(drop) })
    }
}

fn typed<T: 'static>(value: Boxed) -> Result<T, ApiError> {
    value.downcast().map(|value| *value).map_err(|_| untyped())
}

/// A method is called as if it had another value than it has.
fn untyped() -> ApiError {
    ApiError::Rpc("the value has another type".to_owned())
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

/// An answer's Go `error` field.
pub(super) fn go(error: Any) -> Result<(), ApiError> {
    Err(match error {
        Any::Nil => return Ok(()),
        Any::AppError(error) => (*error).into(),
        Any::ErrorString(error) => ApiError::Go(error.err),
        Any::PqError(error) => {
            ApiError::Go(format!("database: {} ({})", error.message, error.code))
        }
        Any::String(text) => ApiError::Go(text),
        other => ApiError::Go(format!(
            "an error of a type that is not known here: {other:?}"
        )),
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
    fn an_app_error_keeps_its_status_in_either_place() {
        let direct = ApiError::from(not_found());
        let inside = go(Any::AppError(Box::new(not_found()))).unwrap_err();
        assert!(direct.is_not_found());
        assert_eq!(direct, inside);
    }

    #[test]
    fn a_go_error_keeps_its_text() {
        let error = ErrorString {
            code: 0,
            err: "trigger is taken".to_owned(),
        };
        let failed = go(Any::ErrorString(Box::new(error)));
        assert_eq!(failed, Err(ApiError::Go("trigger is taken".to_owned())));
        let error = PqError {
            code: "23505".to_owned(),
            message: "duplicate key".to_owned(),
            ..PqError::default()
        };
        let failed = go(Any::PqError(Box::new(error)));
        assert_eq!(
            failed,
            Err(ApiError::Go("database: duplicate key (23505)".to_owned()))
        );
    }

    #[test]
    fn an_unknown_error_is_an_error_still() {
        assert!(
            matches!(go(Any::Dropped("*x.Error".to_owned())), Err(ApiError::Go(text)) if text.contains("*x.Error"))
        );
        assert_eq!(go(Any::Nil), Ok(()));
    }

    #[test]
    fn an_answer_that_is_too_large_is_told_from_one_that_is_wrong() {
        let too_large = CallError::Decode(DecodeError::TooLarge("x"));
        assert_eq!(ApiError::from(too_large), ApiError::TooLarge);
        let wrong = CallError::Decode(DecodeError::Malformed("x"));
        assert!(matches!(ApiError::from(wrong), ApiError::Rpc(_)));
    }
}
