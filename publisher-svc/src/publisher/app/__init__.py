"""Use cases: commands, queries and the domain events that metrics and logs subscribe to."""
