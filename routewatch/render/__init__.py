"""SAYS. Turns values into text and JSON objects; decides nothing."""
