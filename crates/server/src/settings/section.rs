//! Makes a section of the settings from one table: name, type, default and explanation of each
//! row. The struct, its defaults, the list of known keys and the reference all come from it.

/// One key of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The section, empty for the top.
    pub section: &'static str,
    /// The name in its section.
    pub name: &'static str,
    /// What it decides.
    pub help: &'static str,
}

impl Row {
    /// The key as written in messages: `section.name`.
    #[must_use]
    pub fn key(&self) -> String {
        if self.section.is_empty() { self.name.to_owned() } else { format!("{}.{}", self.section, self.name) }
    }
}

macro_rules! section {
    (
        $(#[doc = $about:literal])*
        $struct:ident at $section:literal {
            $($(#[doc = $doc:literal])* $(#[serde($($serde:tt)*)])? $field:ident: $ty:ty = $default:expr,)*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $struct {
            $($(#[doc = $doc])* $(#[serde($($serde)*)])? pub $field: $ty,)*
        }

        impl Default for $struct {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $struct {
            /// Its rows, in order.
            pub(crate) const ROWS: &'static [$crate::settings::Row] = &[
                $($crate::settings::Row {
                    section: $section,
                    name: stringify!($field),
                    help: concat!($($doc, "\n",)*),
                },)*
            ];
        }
    };
}

pub(crate) use section;
