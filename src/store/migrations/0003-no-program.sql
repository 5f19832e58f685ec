-- A service whose routes need no guest has no program. SQLite cannot take a NOT NULL away (sqlite.org/lang_altertable.html).
CREATE TABLE revisions_new (
  service INTEGER NOT NULL REFERENCES services (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  spec TEXT NOT NULL,
  program TEXT,
  deployed_at INTEGER NOT NULL,
  PRIMARY KEY (service, number)
) STRICT, WITHOUT ROWID;

INSERT INTO revisions_new SELECT service, number, spec, program, deployed_at FROM revisions;
DROP TABLE revisions;
ALTER TABLE revisions_new RENAME TO revisions;
