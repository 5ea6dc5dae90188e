"""OBSERVES AND ACTS. The only code that touches the operating system; it translates and transmits, it never decides."""
