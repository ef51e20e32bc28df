"""What the module does: ``totals`` reckons, ``holds`` guards, then ``orders``, ``invoices`` and ``payments``."""
