"""Files: bytes under their hash in a folder, rows in the database, served only to who may read the record."""

from patron.files.services import FileStore, attach, attachments, read_file, store

__all__ = ["FileStore", "attach", "attachments", "read_file", "store"]
