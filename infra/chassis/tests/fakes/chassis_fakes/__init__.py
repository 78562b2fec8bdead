"""The other side of a connection, and a transport that remembers."""
