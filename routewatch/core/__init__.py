"""DECIDES. Pure functions on frozen values: no clock, no operating system, no files, no encoding, no logging."""
