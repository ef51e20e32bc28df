"""The room of the import: read a file, guess its columns, make candidates. The database comes later."""
