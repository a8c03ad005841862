"""Logs as other systems export them: one readable ``SELECT`` a system, run over the raw files."""
