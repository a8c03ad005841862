"""The report of a validation: one HTML file for somebody who does not program."""
