"""Broadcaster's publisher: every subscriber is a cursor on one shared log, and pulls."""
