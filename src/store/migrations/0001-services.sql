CREATE TABLE namespaces (
  name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE services (
  id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL REFERENCES namespaces (name),
  name TEXT NOT NULL,
  desired TEXT NOT NULL CHECK (desired IN ('running', 'stopped')),
  revision INTEGER NOT NULL,
  UNIQUE (namespace, name)
) STRICT;

CREATE TABLE revisions (
  service INTEGER NOT NULL REFERENCES services (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  spec TEXT NOT NULL,
  program TEXT NOT NULL,
  deployed_at INTEGER NOT NULL,
  PRIMARY KEY (service, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  namespace TEXT,
  service TEXT,
  message TEXT NOT NULL
) STRICT;

INSERT INTO namespaces (name) VALUES ('default');
