"""Mail: parsing, threading, sanitising, composing, sending and fetching. Nothing here touches the
database."""
