"""Campaigns held against each other: what each arm is worth, how sure that is, and how many customers it takes."""
