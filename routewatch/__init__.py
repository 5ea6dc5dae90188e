"""routewatch remembers the routing table from before each VPN session and puts back what it left behind."""

# Written out, not read from the metadata: importlib.metadata costs 40 ms at each start.
__version__ = "0.1.0"
