"""A log in a schema of a Postgres database: several processes and machines write one log."""
