"""Settings that administrators change at run time: kept in the database, under the environment."""
