"""Linux: rtnetlink read by the standard library's socket and our own decoder, written through pyroute2."""
