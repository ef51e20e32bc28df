"""The engine behind every declared resource. Each capability is one room:

``declaration`` checks what a module declared; ``rules`` is what it may add by hand; ``scope`` says whose rows;
``filters`` is the one filter language; ``query`` reads lists; ``values`` takes and gives values; ``editing``
writes; ``search`` finds; ``api`` and ``pages`` are the two faces;
``boards``, ``bulk``, ``export`` and ``openapi`` their larger parts; ``routes`` ties them
to URLs.
"""
