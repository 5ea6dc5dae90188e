"""REMEMBERS. Baselines, sessions, events and the journal, in one SQLite file."""
