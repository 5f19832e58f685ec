CREATE TABLE stores (
  id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  -- Of all keys and values, with what each entry costs besides.
  bytes INTEGER NOT NULL DEFAULT 0,
  -- Entries that were ever made in it: the last one's number. Its own, so that a cursor tells nothing of other stores.
  numbers INTEGER NOT NULL DEFAULT 0,
  UNIQUE (namespace, name)
) STRICT;

-- Keys are UTF-8 as bytes: as TEXT, node:sqlite gives them back up to their first NUL only.
CREATE TABLE entries (
  store INTEGER NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
  key BLOB NOT NULL,
  number INTEGER NOT NULL,
  value BLOB NOT NULL,
  UNIQUE (store, key),
  UNIQUE (store, number)
) STRICT;

-- Which guests of which workers may open what: a daemon that follows knows it of the workers of the one before it.
CREATE TABLE permits (
  worker TEXT NOT NULL,
  -- NAMESPACE/NAME@REVISION
  guest TEXT NOT NULL,
  grants TEXT NOT NULL,
  PRIMARY KEY (worker, guest)
) STRICT, WITHOUT ROWID;
