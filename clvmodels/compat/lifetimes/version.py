"""The version of lifetimes whose names these are."""

__version__ = "0.11.3"
