//! How answers become results.
//!
//! Methods fail in three ways: an `AppError` struct in the answer, a Go error interface in the answer,
//! or no answer at all. And a method without an error result answers with nothing where it failed.

use super::api::ApiError;
use super::registered::AppError;
use crate::gob::{Any, DecodeError};
use crate::net_rpc::CallError;

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

/// An answer's `*model.AppError` field.
pub(super) fn app(error: Option<Box<AppError>>) -> Result<(), ApiError> {
    error.map_or(Ok(()), |error| Err((*error).into()))
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

/// An answer's result field, which goes with an absent error.
pub(super) fn present<T>(value: Option<Box<T>>) -> Result<T, ApiError> {
    value.map(|value| *value).ok_or_else(|| {
        ApiError::Rpc("the server answered with neither a value nor an error".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mattermost::registered::{ErrorString, PqError};

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
        let direct = app(Some(Box::new(not_found()))).unwrap_err();
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

    #[test]
    fn neither_value_nor_error_is_a_failed_call() {
        assert_eq!(present(Some(Box::new(7))), Ok(7));
        assert!(matches!(present::<u8>(None), Err(ApiError::Rpc(_))));
    }
}
