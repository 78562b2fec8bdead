"""Hand-written stand-ins for the listener's ports, one module per port."""
