"""WMI as values: instances, paths, datetimes, and WQL text that is safe to print and to store."""

from ._native import DateTime, Instance, ObjectPath, format_query, like_literal, quote

__all__ = ["DateTime", "Instance", "ObjectPath", "format_query", "like_literal", "quote"]
