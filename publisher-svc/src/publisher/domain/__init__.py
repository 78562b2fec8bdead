"""Pure: no async, clock, logging or third-party import. Inputs in, decisions out."""
