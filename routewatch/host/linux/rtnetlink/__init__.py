"""The bytes of rtnetlink(7) as values, and nothing else: no socket, no clock, no system is known here."""
