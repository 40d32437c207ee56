"""The programs that a runtime starts: each module here that has a ``main`` is run as ``python -m``."""
