"""macOS: netstat(1) and the routing socket read by pure translators, written through route(8)."""
