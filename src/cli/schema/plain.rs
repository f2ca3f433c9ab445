//! Schemas of what is written as one text: the types whose serde is by hand.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::cli::policies::Source;
use crate::cli::signing::Secret;
use crate::model::digest::{CommitId, Digest};
use crate::model::report::Sha256Field;
use crate::model::text::Untrusted;
use crate::model::time::{Date, Timestamp};

/// `Type => { schema }`: inlined wherever the type is used.
macro_rules! plain {
    ($($kind:ty => $schema:tt)*) => {$(
        impl JsonSchema for $kind {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($kind).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

plain! {
    Untrusted => { "type": "string" }
    Timestamp => { "type": "string", "format": "date-time" }
    Date => { "type": "string", "format": "date" }
    Digest => { "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" }
    CommitId => { "type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$" }
    Sha256Field => {
        "type": "object",
        "properties": { "sha256": { "type": "string", "pattern": "^[0-9a-f]{64}$" } },
        "required": ["sha256"],
        "additionalProperties": false
    }
    Source => { "type": "string" }
    Secret => { "type": "string" }
}
