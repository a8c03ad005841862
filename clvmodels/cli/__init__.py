"""The command line: a command parses its words, calls one library function, writes what it gives."""

from .run import main as main
