"""Fakes of the publisher's ports, by hand; one module per port."""
