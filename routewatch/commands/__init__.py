"""COMPOSES. One module per command; the only place where hosts, store, core and rendering meet."""
