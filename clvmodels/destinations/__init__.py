"""Scored tables in the layouts that other systems import."""
