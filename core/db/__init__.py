"""The payments database: engine, tables, migrations, and the writes that both dialects share."""
