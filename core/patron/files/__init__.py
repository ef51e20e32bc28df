"""Files: bytes under their hash in a folder, rows in the database, served only to who may read the record."""

from patron.files.services import LARGEST, FileStore, attach, attachments, read_file, store, store_of

__all__ = ["LARGEST", "FileStore", "attach", "attachments", "read_file", "store", "store_of"]
