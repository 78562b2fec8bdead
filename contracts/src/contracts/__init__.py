"""What Broadcaster's services and its clients agree on, and nothing else.

Schemas, the envelope, cursors, frames, problem types and close codes. Every module here is pure or
reads files; none opens a socket. Services import this package and never each other.
"""
