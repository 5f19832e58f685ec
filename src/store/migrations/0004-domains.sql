-- What an operator has assigned to namespaces: host names with all below, addresses, * for every other host.
CREATE TABLE domains (
  domain TEXT PRIMARY KEY,
  namespace TEXT NOT NULL REFERENCES namespaces (name)
) STRICT, WITHOUT ROWID;

-- Random bytes that outlive the daemon, by what they are for.
CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO secrets (name, value) VALUES ('sticky', randomblob(32));
