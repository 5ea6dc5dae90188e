"""The tables, as a list of migrations: number N takes a file from ``user_version`` N to N + 1.

Every table is STRICT; what only ``commands`` can read is a BLOB. Times are seconds: ``wall`` since the epoch, for
display and retention, ``boot`` on CLOCK_BOOTTIME of the row's place. This module knows SQL and nothing of routing.
"""

from __future__ import annotations

FIRST = """
CREATE TABLE places (
  id INTEGER PRIMARY KEY, boot TEXT NOT NULL, namespace TEXT NOT NULL, UNIQUE (boot, namespace)
) STRICT;

CREATE TABLE baselines (
  id INTEGER PRIMARY KEY AUTOINCREMENT, place INTEGER NOT NULL REFERENCES places,
  wall REAL NOT NULL, boot REAL NOT NULL,
  network BLOB NOT NULL, proven INTEGER NOT NULL, tainted INTEGER NOT NULL, reason TEXT NOT NULL, snapshot BLOB NOT NULL
) STRICT;
CREATE INDEX baselines_by_place ON baselines (place);

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, place INTEGER NOT NULL REFERENCES places,
  opened_wall REAL NOT NULL, opened_boot REAL NOT NULL, closed_wall REAL, closed_boot REAL,
  client TEXT NOT NULL, tunnel TEXT NOT NULL,
  baseline INTEGER REFERENCES baselines ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED, value BLOB NOT NULL
) STRICT;
CREATE INDEX sessions_by_place ON sessions (place);
CREATE INDEX sessions_by_baseline ON sessions (baseline);

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, place INTEGER NOT NULL REFERENCES places,
  wall REAL NOT NULL, boot REAL NOT NULL,
  session INTEGER REFERENCES sessions ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  kind TEXT NOT NULL, value BLOB NOT NULL
) STRICT;
CREATE INDEX events_by_session ON events (session) WHERE session IS NOT NULL;

CREATE TABLE observations (
  place INTEGER PRIMARY KEY REFERENCES places, wall REAL NOT NULL, boot REAL NOT NULL,
  snapshot BLOB NOT NULL, state BLOB NOT NULL
) STRICT;

CREATE TABLE health (
  place INTEGER PRIMARY KEY REFERENCES places, pid INTEGER NOT NULL, started REAL NOT NULL,
  snapshot REAL, gaps INTEGER NOT NULL, error TEXT NOT NULL, error_at REAL
) STRICT;

CREATE TABLE keeps (destination TEXT PRIMARY KEY, wall REAL NOT NULL) STRICT;

CREATE TABLE cleanups (
  id INTEGER PRIMARY KEY AUTOINCREMENT, place INTEGER NOT NULL REFERENCES places,
  wall REAL NOT NULL, boot REAL NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('cleanup', 'undo')), undoes INTEGER REFERENCES cleanups ON DELETE SET NULL,
  state TEXT NOT NULL CHECK (state IN ('acting', 'done', 'undone', 'interrupted'))
) STRICT;
CREATE INDEX cleanups_by_place ON cleanups (place);
CREATE INDEX cleanups_by_undone ON cleanups (undoes) WHERE undoes IS NOT NULL;

CREATE TABLE steps (
  cleanup INTEGER NOT NULL REFERENCES cleanups ON DELETE CASCADE, n INTEGER NOT NULL, value BLOB NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('planned', 'doing', 'done', 'failed', 'undone', 'skipped')),
  detail TEXT NOT NULL, PRIMARY KEY (cleanup, n)
) STRICT, WITHOUT ROWID;
"""

# A cleanup that is taken back at its deadline (CLOCK_BOOTTIME of its place) unless it is confirmed: "due" once somebody
# has begun with that, and it is too late to confirm. "ended" is when it was confirmed or taken back, wall time.
CONFIRMATIONS = """
CREATE TABLE confirmations (
  cleanup INTEGER PRIMARY KEY REFERENCES cleanups ON DELETE CASCADE, within REAL NOT NULL, deadline REAL NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('unconfirmed', 'due', 'confirmed', 'undone')), ended REAL
) STRICT;
"""

MIGRATIONS: tuple[str, ...] = (FIRST, CONFIRMATIONS)
VERSION = len(MIGRATIONS)
