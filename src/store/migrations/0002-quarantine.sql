-- Why a service is not started although it should run: its program ended workers. NULL: it is started.
ALTER TABLE services ADD COLUMN quarantine TEXT;
