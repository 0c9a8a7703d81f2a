//! Values for the placeholders of a query text.

use crate::wmi::Value;

/// Values for the placeholders of a query text: `?` in order, or `:name`.
///
/// A value never becomes query text: it goes into the syntax tree as a constant, so no value can change the
/// meaning of the query.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Parameters {
    /// No placeholders.
    #[default]
    None,
    /// For `?`, in order.
    Positional(Vec<Value>),
    /// For `:name`; names are compared without case.
    Named(Vec<(String, Value)>),
}

impl Parameters {
    /// Values for `?`, in order.
    ///
    /// ```
    /// use cmgateway::wmi::wql::{Parameters, Select};
    /// let select = Select::parse_with("SELECT * FROM SMS_Site WHERE Type = ?", &Parameters::positional([2]))?;
    /// assert_eq!(select.to_string(), "SELECT * FROM SMS_Site WHERE Type = 2");
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn positional<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Self {
        Parameters::Positional(values.into_iter().map(Into::into).collect())
    }

    /// Values for `:name`, in any order.
    ///
    /// ```
    /// use cmgateway::wmi::wql::{Parameters, Select};
    /// let code = Parameters::named([("code", "ABC")]);
    /// let select = Select::parse_with("SELECT * FROM SMS_Site WHERE SiteCode = :code", &code)?;
    /// assert_eq!(select.to_string(), r#"SELECT * FROM SMS_Site WHERE SiteCode = "ABC""#);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn named<N: Into<String>, V: Into<Value>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        Parameters::Named(values.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
